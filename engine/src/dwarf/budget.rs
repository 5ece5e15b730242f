//! How much work debug information is worth: a multiple of its size.
//!
//! Sections refer into one another, and a thousand units can refer to the same list of a million entries. Whoever walks any of them
//! spends first what the walk may take, and ends where nothing is left.

/// What is left to spend, in steps that take about as long as reading a few bytes.
pub(super) struct Budget(u64);

/// Nothing is left, or the sections contradict themselves: what has been found so far is all there is.
pub(super) struct Ended;

impl From<gimli::Error> for Ended {
    fn from(_: gimli::Error) -> Ended {
        Ended
    }
}

impl Budget {
    /// The budget for `bytes` of sections and a question about `places`.
    pub(super) fn new(bytes: usize, places: usize) -> Budget {
        /// What real compilers make takes less than 2.
        const STEPS_PER_BYTE: u64 = 16;
        const LEAST: u64 = 1 << 20;
        /// About two seconds.
        const MOST: u64 = 1 << 28;
        let wanted = (bytes as u64).saturating_mul(STEPS_PER_BYTE).saturating_add(places as u64 * 256);
        Budget(wanted.clamp(LEAST, MOST))
    }

    /// Takes what a step costs.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Ended> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(Ended)?;
        Ok(())
    }
}

/// The length of the table of abbreviations at the start of `bytes`, in bytes: at most `most`.
pub(super) fn abbreviations_length(bytes: &[u8], most: usize) -> Option<usize> {
    /// The attribute's value stands in the table itself.
    const IMPLICIT_CONST: u64 = 0x21;
    let mut at = 0;
    let mut number = || {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = *bytes.get(at).filter(|_| at < most)?;
            at += 1;
            if shift < 63 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some((value, at))
    };
    loop {
        let (code, end) = number()?;
        if code == 0 {
            return Some(end);
        }
        // The tag, and whether there are children, which is one byte and less than 2.
        number()?;
        number()?;
        loop {
            let ((name, _), (form, _)) = (number()?, number()?);
            if form == IMPLICIT_CONST {
                number()?;
            }
            if name == 0 && form == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_measured() {
        let table = [1, 0x11, 1, 0x25, 0x0e, 0x3a, 0x21, 0x85, 0x01, 0, 0, 0x82, 0x01, 0x2e, 0, 0, 0, 0, 9, 9];
        assert_eq!(abbreviations_length(&table, 100), Some(18));
        assert_eq!(abbreviations_length(&table, 17), None);
        assert_eq!(abbreviations_length(&table[..17], 100), None);
        assert_eq!(abbreviations_length(&[0x80; 100], 100), None);
        assert_eq!(abbreviations_length(&[], 100), None);
    }

    #[test]
    fn what_is_spent_is_gone() {
        let mut budget = Budget::new(0, 0);
        assert!(budget.spend(1 << 20).is_ok());
        assert!(budget.spend(1).is_err());
        assert!(Budget::new(usize::MAX, usize::MAX >> 9).spend((1 << 28) + 1).is_err());
    }
}
