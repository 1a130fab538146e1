//! Which file uses what of which other: the paths in `use` lines and in code, followed through re-exports.

use super::source::{Source, is_word};
use std::collections::{BTreeMap, BTreeSet};

/// A file that uses something of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// Index of the file.
    pub from: usize,
    /// Index of the file whose item it uses.
    pub to: usize,
    /// Where, from 1.
    pub line: usize,
    /// What is written there.
    pub path: String,
}

/// A name that `use` brings into a module.
struct Use {
    path: Vec<String>,
    name: String,
    public: bool,
    line: usize,
}

struct Module<'a> {
    name: &'a [String],
    uses: Vec<Use>,
    items: BTreeSet<String>,
    /// Paths in code outside `use`, with their lines.
    paths: Vec<(Vec<String>, usize)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Found {
    Module(usize),
    Item(usize),
}

/// All arrows between these codes of the files.
pub fn arrows(sources: &[Source], code: impl Fn(&Source) -> &str) -> Vec<Arrow> {
    let modules: Vec<Module> = sources.iter().map(|s| module(&s.module, code(s))).collect();
    let by_name: BTreeMap<&[String], usize> = modules.iter().enumerate().map(|(i, m)| (m.name, i)).collect();
    let all = All { modules: &modules, by_name };
    let mut arrows = vec![];
    for (from, module) in modules.iter().enumerate() {
        let private = module.uses.iter().filter(|u| !u.public).map(|u| (&u.path, u.line));
        for (path, line) in private.chain(module.paths.iter().map(|(p, line)| (p, *line))) {
            // What a glob brings cannot be told, so it counts as the module's own.
            let (path, glob) = match path.split_last() {
                Some((last, rest)) if last == "*" => (rest, true),
                _ => (&path[..], false),
            };
            let to = match all.resolve(from, path, &mut vec![]) {
                Some(Found::Item(to)) => to,
                Some(Found::Module(to)) if glob => to,
                _ => continue,
            };
            if to != from {
                arrows.push(Arrow { from, to, line, path: path.join("::") });
            }
        }
    }
    arrows.sort();
    arrows.dedup_by_key(|a| (a.from, a.to));
    arrows
}

struct All<'a> {
    modules: &'a [Module<'a>],
    by_name: BTreeMap<&'a [String], usize>,
}

impl All<'_> {
    fn resolve(&self, from: usize, path: &[String], seen: &mut Vec<(usize, String)>) -> Option<Found> {
        let mut at = self.modules[from].name.to_vec();
        let mut rest = path;
        let mut found = None;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => break,
            }
            rest = after;
            found = Some(());
        }
        let mut here = Found::Module(*self.by_name.get(&at[..])?);
        if found.is_none() && rest.is_empty() {
            return None;
        }
        for (i, name) in rest.iter().enumerate() {
            here = match here {
                Found::Module(m) => self.look(m, name, i + 1 == rest.len(), seen)?,
                Found::Item(_) => break,
            };
        }
        Some(here)
    }

    /// A name in a module: an item of its own (a function may be called like a module, so only at a path's end), a module below
    /// it, or what it brings in.
    fn look(&self, m: usize, name: &str, last: bool, seen: &mut Vec<(usize, String)>) -> Option<Found> {
        if seen.iter().any(|(i, n)| (*i, n.as_str()) == (m, name)) {
            return None;
        }
        seen.push((m, name.to_string()));
        let module = &self.modules[m];
        let below = [module.name, &[name.to_string()]].concat();
        if last && module.items.contains(name) {
            return Some(Found::Item(m));
        }
        if let Some(child) = self.by_name.get(&below[..]) {
            return Some(Found::Module(*child));
        }
        if module.items.contains(name) {
            return Some(Found::Item(m));
        }
        if let Some(used) = module.uses.iter().find(|u| u.name == name) {
            return self.resolve(m, &used.path, seen);
        }
        module.uses.iter().filter(|u| u.name == "*").find_map(|glob| {
            let (_, inner) = glob.path.split_last()?;
            match self.resolve(m, inner, seen)? {
                Found::Module(inner) => self.look(inner, name, last, seen),
                Found::Item(_) => None,
            }
        })
    }
}

fn module<'a>(name: &'a [String], code: &str) -> Module<'a> {
    let words = words(code);
    let (mut uses, mut items, mut paths) = (vec![], BTreeSet::new(), vec![]);
    let mut i = 0;
    while i < words.len() {
        let (word, line) = (&words[i].0[..], words[i].1);
        let before = if i > 0 { &words[i - 1].0[..] } else { "" };
        match word {
            "use" => {
                let end = (i..words.len()).find(|&j| words[j].0 == ";").unwrap_or(words.len());
                let public = before == "pub" || before == ")";
                tree(&words[i + 1..end], &[], public, line, &mut uses);
                i = end;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" => {
                items.extend(words.get(i + 1).map(|w| w.0.clone()));
            }
            "mod" => i += 1,
            _ if starts_word(word) && before != "." && before != "::" => {
                let mut path = vec![word.to_string()];
                while words.get(i + 1).is_some_and(|w| w.0 == "::") && words.get(i + 2).is_some_and(|w| starts_word(&w.0)) {
                    path.push(words[i + 2].0.clone());
                    i += 2;
                }
                paths.push((path, line));
            }
            _ => {}
        }
        i += 1;
    }
    // A single word is a path where `pub use` brings it in; the other names that it may be are found at their `use`.
    let public: BTreeSet<String> = uses.iter().filter(|u: &&Use| u.public).map(|u| u.name.clone()).collect();
    paths.retain(|(path, _)| path.len() > 1 || public.contains(&path[0]));
    Module { name, uses, items, paths }
}

/// `a::{b, c as d, self, *}` as single paths.
fn tree(words: &[(String, usize)], above: &[String], public: bool, line: usize, uses: &mut Vec<Use>) {
    for part in split(words) {
        let mut path = above.to_vec();
        let mut j = 0;
        let mut inner = None;
        let mut name = None;
        while j < part.len() {
            match part[j].0.as_str() {
                "::" => {}
                "{" => {
                    inner = Some(&part[j + 1..part.len() - 1]);
                    break;
                }
                "as" => {
                    name = part.get(j + 1).map(|w| w.0.clone());
                    break;
                }
                "self" if !path.is_empty() => {}
                word => path.push(word.to_string()),
            }
            j += 1;
        }
        match inner {
            Some(inner) => tree(inner, &path, public, line, uses),
            None => {
                let name = name.or(path.last().cloned()).unwrap_or_default();
                uses.push(Use { path, name, public, line });
            }
        }
    }
}

/// At commas outside braces.
fn split(words: &[(String, usize)]) -> Vec<&[(String, usize)]> {
    let (mut parts, mut depth, mut start) = (vec![], 0, 0);
    for (j, (word, _)) in words.iter().enumerate() {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&words[start..j]);
                start = j + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[start..]);
    parts.retain(|p| !p.is_empty());
    parts
}

fn starts_word(word: &str) -> bool {
    word.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
}

/// Words, `::`, and single signs, with their lines.
fn words(code: &str) -> Vec<(String, usize)> {
    let bytes = code.as_bytes();
    let (mut words, mut line, mut i) = (vec![], 1, 0);
    while i < bytes.len() {
        let length = match bytes[i] {
            b if is_word(b) => bytes[i..].iter().take_while(|b| is_word(**b)).count(),
            b':' if bytes.get(i + 1) == Some(&b':') => 2,
            _ => 1,
        };
        line += usize::from(bytes[i] == b'\n');
        if !bytes[i].is_ascii_whitespace() {
            words.push((code[i..i + length].to_string(), line));
        }
        i += length;
    }
    words
}

/// The sets of nodes that reach each other, largest first; those of one node are left out.
pub fn circles(nodes: usize, arrows: &[Arrow]) -> Vec<Vec<usize>> {
    let mut reach = vec![BTreeSet::new(); nodes];
    for (start, reached) in reach.iter_mut().enumerate() {
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            for arrow in arrows.iter().filter(|a| a.from == at) {
                if reached.insert(arrow.to) {
                    open.push(arrow.to);
                }
            }
        }
    }
    let mut circles: BTreeSet<Vec<usize>> = BTreeSet::new();
    for (i, reached) in reach.iter().enumerate().filter(|(i, reached)| reached.contains(i)) {
        circles.insert(reached.iter().copied().filter(|j| reach[*j].contains(&i)).collect());
    }
    let mut circles: Vec<Vec<usize>> = circles.into_iter().collect();
    circles.sort_by_key(|c| std::cmp::Reverse(c.len()));
    circles
}
