//! The assignment problem: pair each row of a square matrix with one column, at the least total cost.

use crate::normalise::MAX_TOKENS;

/// The row of each column, from 0, in the assignment of least total cost; only the first `size` entries have a meaning.
/// `cost` takes row and column. `size` is at most [`MAX_TOKENS`].
///
/// Hungarian method with potentials (Kuhn 1955, in the form of Jonker and Volgenant 1987); cubic in `size`.
pub fn assign(size: usize, cost: impl Fn(usize, usize) -> i32) -> [usize; MAX_TOKENS] {
    // Index 0 of each array is the method's virtual row or column; real ones begin at 1.
    let (mut u, mut v) = ([0i32; MAX_TOKENS + 1], [0i32; MAX_TOKENS + 1]);
    let (mut owner, mut way) = ([0usize; MAX_TOKENS + 1], [0usize; MAX_TOKENS + 1]);
    for r in 1..=size {
        owner[0] = r;
        let mut col = 0;
        let mut least = [i32::MAX; MAX_TOKENS + 1];
        let mut used = [false; MAX_TOKENS + 1];
        loop {
            used[col] = true;
            let row = owner[col];
            let (mut delta, mut next) = (i32::MAX, 0);
            for c in 1..=size {
                if used[c] {
                    continue;
                }
                let reduced = cost(row - 1, c - 1) - u[row] - v[c];
                if reduced < least[c] {
                    least[c] = reduced;
                    way[c] = col;
                }
                if least[c] < delta {
                    delta = least[c];
                    next = c;
                }
            }
            for c in 0..=size {
                if used[c] {
                    u[owner[c]] += delta;
                    v[c] -= delta;
                } else if least[c] != i32::MAX {
                    least[c] -= delta;
                }
            }
            col = next;
            if owner[col] == 0 {
                break;
            }
        }
        while col != 0 {
            let before = way[col];
            owner[col] = owner[before];
            col = before;
        }
    }
    std::array::from_fn(|c| owner[c + 1].saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assignment_has_the_least_total_cost_of_all() {
        // A linear congruential generator: the same matrices in each run.
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i32 % 100 - 50
        };
        for _ in 0..200 {
            let costs: [[i32; 4]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| random()));
            let rows = assign(4, |r, c| costs[r][c]);
            let mut seen = rows[..4].to_vec();
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3]);
            let total: i32 = (0..4).map(|c| costs[rows[c]][c]).sum();
            assert_eq!(total, least(&costs, 0, 0), "{costs:?}");
        }
    }

    /// The least total cost by trying every assignment of the columns from `column` on; `used` is a bit set of rows.
    fn least(costs: &[[i32; 4]; 4], column: usize, used: u32) -> i32 {
        if column == 4 {
            return 0;
        }
        let free = (0..4).filter(|row| used >> row & 1 == 0);
        free.map(|row| costs[row][column] + least(costs, column + 1, used | 1 << row)).min().unwrap()
    }
}
