//! The assignment problem, by the Hungarian method with potentials (Kuhn 1955, in Jonker and Volgenant's form).

use crate::normalise::MAX_TOKENS;

/// Assigns the rows of a square matrix to its columns so that the sum of the costs is the least. `cost` takes row and
/// column from 0. The result holds at each column, counted from 1, its row, counted from 1; `size` is at most
/// [`MAX_TOKENS`].
pub fn cheapest_assignment(size: usize, cost: impl Fn(usize, usize) -> i32) -> [usize; MAX_TOKENS + 1] {
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
    owner
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn least_by_trying(costs: &[[i32; 4]; 4], row: usize, taken: u8) -> i32 {
        if row == 4 {
            return 0;
        }
        let free = (0..4).filter(|column| taken & (1 << column) == 0);
        free.map(|column| costs[row][column] + least_by_trying(costs, row + 1, taken | (1 << column))).min().unwrap()
    }

    proptest! {
        #[test]
        fn the_assignment_is_complete_and_no_other_is_cheaper(costs: [[i16; 4]; 4]) {
            let costs = costs.map(|row| row.map(i32::from));
            let owner = cheapest_assignment(4, |row, column| costs[row][column]);
            let mut rows: Vec<_> = owner[1..=4].to_vec();
            let sum: i32 = rows.iter().enumerate().map(|(column, row)| costs[row - 1][column]).sum();
            prop_assert_eq!(sum, least_by_trying(&costs, 0, 0));
            rows.sort_unstable();
            prop_assert_eq!(rows, [1, 2, 3, 4]);
        }
    }
}
