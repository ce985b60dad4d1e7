//! Counts words, in any script.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{self, BufRead};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    Number(i64),
    Sign(char),
}

#[derive(Debug)]
pub struct ParseError {
    line: usize,
    message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

pub fn longest<'a>(x: &'a str, y: &'a str) -> &'a str {
    if x.len() >= y.len() {
        x
    } else {
        y
    }
}

pub struct Counter {
    counts: BTreeMap<String, usize>,
    stop: HashSet<&'static str>,
}

impl Counter {
    pub fn new() -> Self {
        let stop = ["the", "a", "of", "的", "了"].into_iter().collect();
        Self {
            counts: BTreeMap::new(),
            stop,
        }
    }

    pub fn add(&mut self, text: &str) -> usize {
        let mut added = 0;
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let word = word.to_lowercase();
            if word.is_empty() || self.stop.contains(word.as_str()) {
                continue;
            }
            *self.counts.entry(word).or_insert(0) += 1;
            added += 1;
        }
        added
    }

    pub fn read<R: BufRead>(&mut self, reader: R) -> io::Result<usize> {
        let mut total = 0;
        for line in reader.lines() {
            total += self.add(&line?);
        }
        Ok(total)
    }

    pub fn top(&self, n: usize) -> Vec<(&str, usize)> {
        let mut all: Vec<_> = self
            .counts
            .iter()
            .map(|(word, count)| (word.as_str(), *count))
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(n);
        all
    }
}

pub fn parse(token: &str, line: usize) -> Result<Token<'_>, ParseError> {
    match token.chars().next() {
        None => Err(ParseError {
            line,
            message: String::from("nothing there"),
        }),
        Some(c) if c.is_ascii_digit() => token.parse().map(Token::Number).map_err(|_| ParseError {
            line,
            message: format!("not a number: {token:?} {}", '}'),
        }),
        Some(c) if c.is_alphabetic() => Ok(Token::Word(token)),
        Some(c) => Ok(Token::Sign(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words() {
        let mut counter = Counter::new();
        assert_eq!(counter.add("the cat, the 猫"), 2);
        assert_eq!(counter.top(1), vec![("cat", 1)]);
    }
}
