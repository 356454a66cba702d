//! Lists with pages and filters. A cursor is encrypted and bound to the caller, the route and the filters.

use std::ops::Deref;

use super::{call::Call, principal::Caller, reply::Page};
use crate::{
    app::App,
    crypto,
    domain::field::{FieldFault, InvalidField},
    error::{Internal, RequestError, Result},
    store::Position,
};

/// A requested page of a list.
#[derive(Debug)]
pub struct List {
    /// Largest number of items on the page: 1 to 100, 25 by default.
    pub limit: u32,
    /// The page begins after this item.
    pub after: Option<Position>,
    /// The values that cursors are bound to.
    binding: Vec<Vec<u8>>,
}

/// Items, and the position after which the list continues; `None` at its end.
pub type ItemsAndNext<T> = (Vec<T>, Option<Position>);

/// Items per read if a filter may leave out most of them.
const CHUNK: u32 = 100;

/// Items examined for one page, at most: a filter may leave out all of them. The cursor continues after the last one.
const MAX_EXAMINED: usize = 1000;

impl List {
    /// Reads `limit` and `cursor` of a request. `filters` are the values of all filters of the route, in a fixed order: a cursor is
    /// valid only with the same filters, and [`RequestError::InvalidCursor`] otherwise.
    pub async fn requested<A: Deref<Target: Caller>>(
        call: &Call<A>,
        limit: Option<u32>,
        cursor: Option<&str>,
        filters: &[Option<&str>],
    ) -> Result<Self> {
        let limit = page_size(limit)?;
        let mut binding = vec![call.meta.function.as_bytes().to_vec(), call.caller.binding().into_bytes()];
        // An absent filter differs from an empty one.
        binding.extend(filters.iter().map(|filter| filter.unwrap_or("\0").as_bytes().to_vec()));
        let mut list = Self { limit, after: None, binding };
        if let Some(cursor) = cursor {
            list.after = Some(list.open(call.app, cursor).await?);
        }
        Ok(list)
    }

    /// Reads until the page is full or the list ends. `filtered`: whether `admits` leaves out items. `read` returns the items after a
    /// position, at most as many as requested.
    pub async fn fill<T, Read: Future<Output = Result<ItemsAndNext<T>>>>(
        &self,
        filtered: bool,
        read: impl Fn(u32, Option<Position>) -> Read,
        admits: impl Fn(&T) -> bool,
        position: impl Fn(&T) -> Position,
    ) -> Result<ItemsAndNext<T>> {
        let limit = self.limit as usize;
        // One more than the page, which shows whether the list continues.
        let chunk = if filtered { CHUNK } else { self.limit + 1 };
        let (mut found, mut after, mut examined) = (Vec::new(), self.after.clone(), 0);
        loop {
            let (items, next) = read(chunk, after.clone()).await?;
            for item in items {
                let admitted = admits(&item);
                if examined == MAX_EXAMINED || admitted && found.len() == limit {
                    return Ok((found, after));
                }
                examined += 1;
                after = Some(position(&item));
                if admitted {
                    found.push(item);
                }
            }
            if next.is_none() {
                return Ok((found, next));
            }
            after = next;
        }
    }

    /// The page: the items, and a cursor if the list continues.
    pub async fn page<T>(&self, app: &App, items: Vec<T>, next: Option<&Position>) -> Result<Page<T>> {
        let next_cursor = match next {
            None => None,
            Some(position) => {
                let keys = app.token_secrets().await?;
                let plain = serde_json::to_vec(position).map_err(Internal::bug)?;
                Some(crypto::cursor::seal(&keys.cursor, &self.associated_data(), &plain))
            }
        };
        Ok(Page { items, next_cursor })
    }

    fn associated_data(&self) -> Vec<&[u8]> {
        self.binding.iter().map(Vec::as_slice).collect()
    }

    async fn open(&self, app: &App, cursor: &str) -> Result<Position> {
        let keys = app.token_secrets().await?;
        let plain =
            crypto::cursor::open(&keys.cursor, &self.associated_data(), cursor).ok_or(RequestError::InvalidCursor)?;
        serde_json::from_slice(&plain).map_err(|_| RequestError::InvalidCursor.into())
    }
}

/// `limit` of a list: 1–100, 25 by default.
fn page_size(limit: Option<u32>) -> Result<u32> {
    const OUT_OF_RANGE: FieldFault = FieldFault::new("out_of_range", "Must be from 1 to 100.");
    match limit {
        None => Ok(25),
        Some(limit @ 1..=100) => Ok(limit),
        Some(_) => Err(RequestError::Invalid(vec![InvalidField::new("limit", OUT_OF_RANGE)]).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(number: usize) -> Position {
        Position(BTreeMap::from([("at".to_owned(), number.to_string())]))
    }

    /// The pages of a list of the numbers below `end` with a filter, and the number of reads.
    async fn numbers(end: usize, limit: u32, filtered: bool, admits: fn(usize) -> bool) -> (Vec<Vec<usize>>, usize) {
        let (mut pages, mut after) = (Vec::new(), None);
        let reads = std::cell::Cell::new(0);
        loop {
            let list = List { limit, after, binding: vec![] };
            let read = |limit: u32, after: Option<Position>| {
                reads.set(reads.get() + 1);
                let from = after.map_or(0, |position| position.0["at"].parse::<usize>().unwrap() + 1);
                let to = end.min(from + limit as usize);
                std::future::ready(Ok(((from..to).collect(), (to < end).then(|| at(to - 1)))))
            };
            let (page, next) = list.fill(filtered, read, |number| admits(*number), |number| at(*number)).await.unwrap();
            pages.push(page);
            after = next;
            if after.is_none() {
                return (pages, reads.get());
            }
        }
    }

    #[tokio::test]
    async fn a_page_is_full_although_a_filter_leaves_little() {
        let (pages, _) = numbers(950, 3, true, |number| number % 90 == 0).await;
        assert_eq!(pages, [vec![0, 90, 180], vec![270, 360, 450], vec![540, 630, 720], vec![810, 900]]);
        let (pages, _) = numbers(120, 3, true, |number| number < 3).await;
        assert_eq!(pages, [vec![0, 1, 2]], "the list has ended, so there is no cursor");
    }

    #[tokio::test]
    async fn a_filter_that_leaves_nothing_ends_a_page_after_a_thousand_items() {
        let (pages, reads) = numbers(2500, 3, true, |number| number == 2400).await;
        assert_eq!(pages, [vec![], vec![], vec![2400]]);
        assert!(reads <= 28, "{reads}");
    }

    #[tokio::test]
    async fn without_a_filter_a_page_is_one_read() {
        let (pages, reads) = numbers(7, 3, false, |_| true).await;
        assert_eq!(pages, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
        assert_eq!(reads, 3);
    }

    #[test]
    fn a_limit_is_between_1_and_100() {
        assert_eq!([None, Some(1), Some(100)].map(|limit| page_size(limit).unwrap()), [25, 1, 100]);
        assert!([0, 101].iter().all(|limit| page_size(Some(*limit)).is_err()));
    }
}
