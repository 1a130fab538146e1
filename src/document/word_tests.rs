//! Words that rooms above describe: decoding reads their fields, and nothing else knows them.

use super::load::drafted;
use super::tests::Memory;
use super::*;

fn sample(language: &Language, line: &str) -> (Option<Sample>, Vec<Diagnostic>) {
    let text = format!("sample \"trials\" {{ from \"backbone\"; {line}; objective \"score\" maximize=map50 }}");
    let (draft, found) = drafted(language, "p.kdl", &mut Memory::of(&[("p.kdl", &text)]));
    let kind = draft.stages.into_iter().next().map(|s| s.kind);
    (kind.and_then(|k| if let StageKind::Sample(sample) = k { Some(sample) } else { None }), found)
}

/// A word from elsewhere, whose field has a name that `evolution` has too, with another range.
struct Other;

static WORD: Word = Word::new("other", "For these tests.").fields(&[
    Field::one("population", &[Type::Int(2, 5)], "", "A small one.").preset(Preset::Int(3)),
    Field::one("heat", &[Type::Number(0.0, 1.0)], "", "How hot.").required(),
]);

impl Described for Other {
    fn word(&self) -> &Word {
        &WORD
    }
}

impl StrategyWord for Other {
    fn needs(&self) -> Needs {
        Needs::TRIALS
    }
    fn check(&self, asked: &Asked) -> Vec<Diagnostic> {
        let hot = asked.settings.number("heat").is_ok_and(|h| h > 0.5) && asked.trials.as_ref().is_some_and(|t| t.value > 10);
        if hot { vec![Diagnostic::error("hot", "too hot for so many", asked.settings.place("heat"), "here")] } else { Vec::new() }
    }
}

fn with_other() -> Language {
    let mut language = crate::language();
    language.strategies.known.push(&Other);
    language
}

#[test]
fn every_word_fits_its_own_fields() {
    let language = crate::language();
    for kind in Kind::ALL {
        let words = language.words(kind);
        assert!(!words.is_empty());
        for (i, word) in words.iter().enumerate() {
            assert!(!word.doc.is_empty() && words[..i].iter().all(|w| w.name != word.name), "{}", word.name);
            assert!(!language.later(kind).contains(&word.name), "{} is of this version and of a later one", word.name);
            assert!(kdl::KdlDocument::parse_v2(word.example).is_ok(), "{}", word.example);
            for field in word.fields.iter().chain(word.lines.iter().flat_map(|l| l.all_fields())) {
                let preset = field.preset.value().map(|value| Spanned { value, span: Span::default() });
                let wrong = preset.and_then(|value| values::check(&language, word.name, field, &value));
                assert!(!field.doc.is_empty() && wrong.is_none(), "{}: {}: {wrong:?}", word.name, field.name);
            }
        }
    }
}

#[test]
fn every_strategy_reads_its_example() {
    let language = crate::language();
    for strategy in &language.strategies.known {
        let (word, trials) = (strategy.word(), if strategy.needs().trials { "; trials 1000" } else { "" });
        let (sample, found) = sample(&language, &format!("{}{trials}", word.example));
        assert_eq!((found, sample.map(|s| s.strategy.name())), (vec![], Some(word.name)), "{}", word.example);
    }
}

#[test]
fn every_stopping_rule_reads_its_example() {
    let language = crate::language();
    for rule in &language.stopping.known {
        let word = rule.word();
        let text = format!(
            "sample \"trials\" {{ from \"s\"; strategy random; trials 9; objective \"score\" maximize=map50 {{ {} }} }}",
            word.example
        );
        let (draft, found) = drafted(&language, "p.kdl", &mut Memory::of(&[("p.kdl", &text)]));
        let stop = draft.stages.first().and_then(|s| s.sample()?.objective.as_ref()?.stop.clone()).expect("a rule");
        assert_eq!((found, stop.name(), stop.ranks_by_epoch()), (vec![], word.name, true), "{}", word.example);
    }
}

#[test]
fn a_word_from_elsewhere_is_decoded_by_its_own_fields() {
    let language = with_other();
    let of = |line: &str| sample(&language, line);
    let said = |line: &str| of(line).1.into_iter().map(|d| d.message).collect::<Vec<_>>();
    let (good, found) = of("strategy other heat=1; trials 4");
    assert_eq!(found, []);
    let settings = good.expect("a sample").strategy.settings;
    assert_eq!((settings.number("heat"), settings.count("population")), (Ok(1.0), Ok(3)));
    assert_eq!((settings.is_written("heat"), settings.is_written("population")), (true, false));
    assert_eq!(settings.count("depth"), Err(Unset("depth".into())));
    assert_eq!(said("strategy other heat=0.5 population=6; trials 4"), ["`population` is at most 5, not 6"]);
    assert_eq!(said("strategy other; trials 4"), ["`strategy` needs `heat`"]);
    assert_eq!(said("strategy { kind other; heat 2 }; trials 4"), ["`heat` is between 0 and 1, not 2"]);
    assert_eq!(said("strategy other heat=1; trials 40"), ["too hot for so many"]);
    let refused = said("strategy random population=3; trials 4");
    assert!(refused.len() == 1 && refused[0].starts_with("`population` belongs to `strategy evolution`"), "{refused:?}");
    assert!(refused[0].ends_with(" and `other`"), "{refused:?}");
    assert_eq!(said("strategy random heat=1; trials 4"), ["`heat` belongs to `strategy other`"]);
    let (_, found) = of("strategy oher heat=1; trials 4");
    assert_eq!(found.iter().map(|d| d.help.as_deref()).collect::<Vec<_>>(), [Some("did you mean `other`?")]);
    let (_, found) = of("strategy other haet=1; trials 4");
    assert_eq!(found[0].help.as_deref(), Some("did you mean `heat`?"));
    // Without the word, the same text is refused.
    let refused = sample(&crate::language(), "strategy other heat=1; trials 4").1;
    assert!(refused.iter().any(|d| d.message == "`other` is nothing that `strategy` knows"), "{refused:?}");
    let page = reference(&language);
    assert!(page.contains("#### `strategy other`") && page.contains("| `population` | a whole number | 3 | A small one. |"), "{page}");
}
