//! Words of a vendor for words of ours.

/// A table of our words with a vendor's. Where it has several for one of ours, or the other way
/// round, the first one is said; all are understood.
#[derive(Clone, Copy, Debug)]
pub struct Words<T: 'static>(pub &'static [(T, &'static str)]);

impl<T: Copy + PartialEq> Words<T> {
    /// The vendor's word for ours.
    pub fn word(&self, ours: T) -> Option<&'static str> {
        self.0.iter().find(|(known, _)| *known == ours).map(|(_, word)| *word)
    }

    /// Our word for the vendor's.
    pub fn ours(&self, word: &str) -> Option<T> {
        self.0.iter().find(|(_, known)| *known == word).map(|(ours, _)| *ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;

    #[test]
    fn one_table_serves_both_directions() {
        let sides = Words(&[(Side::Buy, "B"), (Side::Sell, "S"), (Side::Sell, "SS")]);
        assert_eq!((sides.word(Side::Sell), sides.ours("SS")), (Some("S"), Some(Side::Sell)));
        assert_eq!(sides.ours("X"), None);
    }
}
