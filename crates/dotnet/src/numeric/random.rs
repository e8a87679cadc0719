//! `System.Random` with a seed: the subtractive generator whose numbers .NET keeps from version to version.

use crate::Thrown;
use crate::messages::out_of_range;

/// A generator.
#[derive(Clone, Debug)]
pub struct Random {
    table: [i32; 56],
    next: usize,
    far: usize,
}

const SEED: i32 = 161_803_398;

impl Random {
    /// `new Random(seed)`
    pub fn new(seed: i32) -> Self {
        let start = if seed == i32::MIN { i32::MAX } else { seed.abs() };
        let mut table = [0i32; 56];
        let mut previous = SEED - start;
        table[55] = previous;
        let mut current = 1i32;
        for step in 1..55 {
            let place = 21 * step % 55;
            table[place] = current;
            current = previous.wrapping_sub(current);
            if current < 0 {
                current = current.wrapping_add(i32::MAX);
            }
            previous = table[place];
        }
        for _ in 1..5 {
            for place in 1..56 {
                let other = (place + 30) % 55;
                table[place] = table[place].wrapping_sub(table[1 + other]);
                if table[place] < 0 {
                    table[place] = table[place].wrapping_add(i32::MAX);
                }
            }
        }
        Self { table, next: 0, far: 21 }
    }

    /// `Next()`
    pub fn sample(&mut self) -> i32 {
        let step = |place: usize| if place >= 55 { 1 } else { place + 1 };
        self.next = step(self.next);
        self.far = step(self.far);
        let mut value = self.table[self.next].wrapping_sub(self.table[self.far]);
        if value == i32::MAX {
            value -= 1;
        }
        if value < 0 {
            value = value.wrapping_add(i32::MAX);
        }
        self.table[self.next] = value;
        value
    }

    /// `NextDouble()`
    pub fn next_double(&mut self) -> f64 {
        f64::from(self.sample()) * (1.0 / f64::from(i32::MAX))
    }

    /// `Next(maxValue)`
    pub fn next_below(&mut self, limit: i32) -> Result<i32, Thrown> {
        if limit < 0 {
            return Err(out_of_range("'maxValue' must be greater than zero.", "maxValue"));
        }
        Ok((self.next_double() * f64::from(limit)) as i32)
    }

    /// `Next(minValue, maxValue)`
    pub fn next_between(&mut self, low: i32, high: i32) -> Result<i32, Thrown> {
        if low > high {
            return Err(out_of_range("'minValue' cannot be greater than maxValue.", "minValue"));
        }
        let range = i64::from(high) - i64::from(low);
        if range <= i64::from(i32::MAX) {
            return Ok((self.next_double() * range as f64) as i32 + low);
        }
        let mut wide = self.sample();
        if self.sample() % 2 == 0 {
            wide = -wide;
        }
        let sample = (f64::from(wide) + f64::from(i32::MAX - 1)) / (2.0 * f64::from(i32::MAX) - 1.0);
        Ok(((sample * range as f64) as i64 + i64::from(low)) as i32)
    }

    /// `NextBytes(buffer)`: so many bytes.
    pub fn next_bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.sample() as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_of_dotnet() {
        assert_eq!(Random::new(0).sample(), 1_559_595_546);
        assert_eq!(Random::new(42).sample(), 1_434_747_710);
        assert_eq!(Random::new(42).next_below(1).unwrap(), 0);
        assert_eq!(Random::new(-42).sample(), Random::new(42).sample());
        let mut random = Random::new(i32::MIN);
        for _ in 0..1000 {
            let value = random.next_between(i32::MIN, i32::MAX).unwrap();
            assert!(value < i32::MAX);
            assert!((0.0..1.0).contains(&random.next_double()));
        }
    }

    #[test]
    fn limits_are_checked() {
        assert!(Random::new(1).next_below(-1).is_err() && Random::new(1).next_between(2, 1).is_err());
    }
}
