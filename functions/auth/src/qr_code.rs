//! QR codes (ISO/IEC 18004) as SVG images.

use qrcode::{EcLevel, QrCode, render::svg::Color};
use verinym::error::{Internal, Result};

/// The QR code of a text, at least 240 pixels wide, with its quiet zone.
pub fn svg(text: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Internal::bug)?;
    let render = code
        .render::<Color<'_>>()
        .min_dimensions(240, 240)
        .dark_color(Color("#000000"))
        .light_color(Color("#ffffff"))
        .build();
    Ok(render)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_address_fits_and_the_image_has_no_script() {
        let uri = format!("otpauth://totp/{}:{}?secret={}", "P".repeat(100), "a".repeat(254), "S".repeat(32));
        let image = svg(&uri).unwrap();
        assert!(image.contains("<svg") && !image.contains("script") && image.len() < 200_000, "{}", image.len());
    }
}
