//! One or two examples of every command, shown at the end of its help. A test parses each line that is a command.

/// `run`
pub const RUN: &str = "\
Examples:
  nasflow run pipelines/yolov5.kdl
      a search of some minutes, on images that nasflow draws itself
  nasflow run search.kdl -p root=data/mine --for 8h
      your own data; pauses after eight hours, and the same command goes on (every command on the file needs the same -p)
  nasflow run search.kdl --jobs 4 --memory 8GB --timeout 2h --retries 1 --wait-for-space
      bounds of every trial, and patience with a full disk; `nasflow docs configuration` has them once for all
  nasflow run search.kdl --smoke
      does everything work, and how long will it take?";

/// `init`
pub const INIT: &str = "\
Examples:
  nasflow init photos --time 2h
      finds the format, sizes for the boxes, and as many trials as two hours allow; writes search.kdl
  nasflow init flowers -o flowers.kdl --classify --flops 50M
      a folder for each class; no network costs more than 50 million FLOPs";

/// `data`
pub const DATA: &str = "\
Examples:
  nasflow data show photos
      splits, classes, sizes of boxes and images, and what is wrong with the files
  nasflow data show search.kdl --sheet sheet.png --images 24
      the data sets of a pipeline, and 24 pictures with their boxes
  nasflow data pin search.kdl
      fetches what `data … url=\"https://…\"` names, and writes `blake3=\"…\"` behind it: the same bytes from then on";

/// `cache`
pub const CACHE: &str = "\
Examples:
  nasflow cache stats
      how large the store is, of what, and what reuse has saved
  nasflow cache gc --dry-run
      what would go if only the last three runs of every pipeline were kept
  nasflow cache verify
      whether every file is still what was written";

/// `cache stats`
pub const CACHE_STATS: &str = "\
Examples:
  nasflow cache stats
      bytes by what they are: weights, states, packs, predictions, …
  nasflow cache stats --json
      the same for a program";

/// `cache ls`
pub const CACHE_LS: &str = "\
Examples:
  nasflow cache ls --largest
      the twenty largest results, and who used them
  nasflow cache ls --run latest --kind train -n 0
      every training that the last run used, made by it or found
  nasflow cache ls 4d86
      results whose keys begin so";

/// `cache verify`
pub const CACHE_VERIFY: &str = "\
Examples:
  nasflow cache verify
      reads everything. The exit code adds up: 1 something is damaged, 2 something is lost, 4 something could not be read

Damaged files are put aside, lost manifests are written again, and what else is missing the next run makes again.";

/// `cache gc`
pub const CACHE_GC: &str = "\
Examples:
  nasflow cache gc --dry-run
      what would go, in bytes
  nasflow cache gc --keep 1
      keeps the last run of every pipeline, and what is pinned
  nasflow cache gc --states
      drops what only further epochs would need

Nothing of a running search is ever removed: while a run uses the store, the exit code is 75 (`--wait` waits).";

/// `cache pin`
pub const CACHE_PIN: &str = "\
Examples:
  nasflow cache pin latest paper
      no `gc` removes the results of the last run until `nasflow cache unpin paper`
  nasflow cache pin
      lists the pins";

/// `cache export`
pub const CACHE_EXPORT: &str = "\
Examples:
  nasflow cache export latest -o run.tar
      on the other machine: `nasflow cache import run.tar`, and `nasflow run` finds everything
  nasflow cache export search.kdl -o search.tar --without-states --without-packs
      as small as can be: states only serve further epochs, and packs are made again from the data";

/// `cache push`
pub const CACHE_PUSH: &str = "\
Examples:
  nasflow cache push --remote /mnt/team/nasflow
      what the last runs used, into a folder that your colleagues see
  nasflow cache push latest --remote s3://bucket/team --states
      the last run, and the optimiser states of its trainings";

/// `cache pull`
pub const CACHE_PULL: &str = "\
Examples:
  nasflow cache pull search.kdl --dry-run
      how much of the search others have done
  nasflow cache pull search.kdl
      takes it; `nasflow run` then goes on with the rest";

/// `cache key`
pub const CACHE_KEY: &str = "\
Examples:
  nasflow cache key
      nasflow:… : a colleague writes `trust \"nasflow:…\"` into the configuration, and takes your results for true";

/// `check`
pub const CHECK: &str = "\
Examples:
  nasflow check search.kdl -p root=data/mine
      errors with their places, or the data's splits and the sizes of the spaces";

/// `plan`
pub const PLAN: &str = "\
Examples:
  nasflow plan pipelines/yolov5.kdl
      what would run, what is known already, and how long it will take
  nasflow plan pipelines/yolov5.kdl -p trials=40
      the same for another value: what is done is not done again
  nasflow plan pipelines/yolov5.kdl --spaces
      how many networks the spaces hold, what they cost, and which choices can never matter";

/// `explain`
pub const EXPLAIN: &str = "\
Examples:
  nasflow explain search.kdl
      for each stage: what would run and why, what is known, which run made it, and why it ran then
  nasflow explain search.kdl short --trial 3
      one trial at one stage, action by action, with the keys
  nasflow explain search.kdl --action 1f0c
      one action (the beginning of its key is enough): its canonical text, what feeds it, what it left";

/// `runs`
pub const RUNS: &str = "\
Examples:
  nasflow runs
      every run of the store, the last at the end, each with a short id; a run that was killed is listed, too
  nasflow runs search.kdl -n 5 --json
      the last five of one pipeline, for a program";

/// `diff`
pub const DIFF: &str = "\
Examples:
  nasflow diff latest-1 latest
      what the last two runs were asked, read and found, as far as that differs (exit code 0: nothing, 1: something, 2: trouble)
  nasflow diff 7f3k search.kdl
      a run against the file as it is now
  nasflow diff a.kdl b.kdl --json
      two pipelines, for a program";

/// `verify`
pub const VERIFY: &str = "\
Examples:
  nasflow verify search.kdl
      reads every result that the pipeline needs; exit code 0: all are whole, 1: some are not, 2: trouble
  nasflow verify search.kdl --rebuild short --sample 3
      trains three of the trials of `short` again, in a scratch store, and compares weights and curves bit by bit
  nasflow verify search.kdl --rebuild
      everything again, which takes as long as the run did";

/// `show`
pub const SHOW: &str = "\
Examples:
  nasflow show pipelines/yolov5.kdl
      the answer, and every network with its figures
  nasflow show pipelines/yolov5.kdl --trial 3
      one network: its decisions and its learning curve
  nasflow show zoo/yolov5n
      a shipped network as text, to copy into a space";

/// `status`
pub const STATUS: &str = "\
Examples:
  nasflow status pipelines/yolov5.kdl
      how many models of each stage are done, what is in work, and jobs that run and wait
  nasflow status pipelines/yolov5.kdl --json
      the same for a program";

/// `graph`
pub const GRAPH: &str = "\
Examples:
  nasflow graph pipelines/yolov5.kdl -o pipeline.svg
      the stages and what goes from one to another; any browser opens it
  nasflow graph pipelines/yolov5.kdl --of space -o space.svg
      the layers of the space, what is chosen where, and who reads whom
  nasflow graph pipelines/yolov5.kdl --of network --trial trials#3 -o network.svg
      one network with its shapes and costs; without --trial the winner";

/// `serve`
pub const SERVE: &str = "\
Examples:
  nasflow serve search.kdl
      open http://127.0.0.1:8420/ beside `nasflow run search.kdl`: the page follows the run, and outlives it
  nasflow serve search.kdl --port 0
      on any free port. A run on another machine: ssh -L 8420:127.0.0.1:8420 that-machine, then the same address here
  nasflow serve search.kdl --address 0.0.0.0
      for others in the network, who need the token that is printed (nothing is encrypted)";

/// `cost`
pub const COST: &str = "\
Examples:
  nasflow cost pipelines/yolov5.kdl
      iterations, images and time of every stage, of the answer and of what it is compared with";

/// `report`
pub const REPORT: &str = "\
Examples:
  nasflow report pipelines/yolov5.kdl -o report.html
      one page with everything, also of a search that is under way; it needs no network and can be sent by mail
  nasflow report pipelines/yolov5.kdl --tensorboard events
      the page, and learning curves for TensorBoard (`tensorboard --logdir events`)
  nasflow report pipelines/yolov5.kdl --json
      what the page is drawn from";

/// `results`
pub const RESULTS: &str = "\
Examples:
  nasflow results first.kdl -o first.json
      what the first search measured; a sample of another pipeline over the same space goes on from it by `earlier \"first.json\"`";

/// `export`
pub const EXPORT: &str = "\
Examples:
  nasflow export pipelines/yolov5.kdl -o best.safetensors
      the answer's network, for `nasflow predict`; detectors only. Ultralytics' YOLOv5 code loads it where every layer is one of YOLOv5's
  nasflow export pipelines/yolov5.kdl -o best.yaml
      for Ultralytics' YOLOv5 code: a model YAML, and best.safetensors beside it; `--strict` refuses what it would compute otherwise
  nasflow export pipelines/yolov5.kdl -o best.kdl
      the network as a pipeline that trains it again: without choices, with its data and its recipe";

/// `import`
pub const IMPORT: &str = "\
Examples:
  nasflow import yolov5s.yaml -o yolov5s.kdl
      a network of YOLOv5's as a space to start from; a pipeline includes the file
  nasflow import yolov5s.yaml --hyp hyp.scratch-low.yaml -o yolov5s.kdl
      with its training";

/// `predict`
pub const PREDICT: &str = "\
Examples:
  nasflow predict best.safetensors photos -o found
      all images of a folder; found/ gets copies with boxes, and predictions.json
  nasflow predict best.safetensors a.jpg 'more/*.png' -o found --confidence 0.5
      files and patterns; only what it is rather sure of";

/// `latency-table`
pub const LATENCY_TABLE: &str = "\
Examples:
  nasflow latency-table search.kdl > table.json
      for `latency-table` in the pipeline, measured on the machine that the network is for
  nasflow latency-table search.kdl backbone > table.json
      only what occurs in the space `backbone`";

/// `compare`
pub const COMPARE: &str = "\
Examples:
  nasflow compare pipelines/macro-compare.kdl -p table=nas-bench-macro_cifar10.json --seeds 200 -o regret.svg
      all strategies on NAS-Bench-Macro, as tables and as a picture of the regret over queries
  nasflow compare search.kdl --seeds 50 --trials 100 --by test -o regret.csv
      50 runs of 100 queries; what the stage `test` says of the network chosen counts";

/// `doctor`
pub const DOCTOR: &str = "\
Examples:
  nasflow doctor
      processor, memory, store and GPUs, and what a run would use
  nasflow doctor --device cuda:0
      whether the first GPU can be used, and if not, why";

/// `fmt`
pub const FMT: &str = "\
Examples:
  nasflow fmt search.kdl spaces/*.kdl
      rewrites those that are not in the house style; what a file means, and every comment in it, stays
  nasflow fmt --check search.kdl
      says which files would change, and fails if there is one: for hooks and CI
  nasflow fmt --diff search.kdl
      shows what would change, and writes nothing
  nasflow fmt - < search.kdl
      from the input to the output, for editors";

/// `lsp`
pub const LSP: &str = "\
Examples:
  nasflow lsp
      an editor starts it, and nobody else needs to; `nasflow docs editors` has the lines for VS Code, Neovim, Helix and Emacs";

/// `docs`
pub const DOCS: &str = "\
Examples:
  nasflow docs
      lists the pages
  nasflow docs language
      prints one; in a terminal by your PAGER, if that is set
  nasflow docs --search supernet
      every line with this word, by page";

/// `help`
pub const HELP: &str = "\
Examples:
  nasflow help run
      the same as `nasflow run --help`
  nasflow help unknown-node
      what the error `nasflow::unknown-node` means, a file that has it, and its repair
  nasflow help codes
      lists all codes";

/// `completions`
pub const COMPLETIONS: &str = "\
Examples:
  nasflow completions bash > ~/.local/share/bash-completion/completions/nasflow
      for bash, from the next shell on
  nasflow completions zsh > ~/.zfunc/_nasflow
      for zsh, where `fpath` has ~/.zfunc
  nasflow completions fish > ~/.config/fish/completions/nasflow.fish
      for fish";

/// `man`
pub const MAN: &str = "\
Examples:
  nasflow man ~/.local/share/man/man1
      writes nasflow.1, nasflow-run.1 and so on; then `man nasflow-run`
  nasflow man
      prints the page of nasflow itself";

#[cfg(test)]
mod tests {
    use super::super::arguments::Arguments;
    use clap::{CommandFactory, Parser};

    #[test]
    fn every_command_has_examples_that_parse() {
        let command = Arguments::command();
        for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = help.lines().filter_map(|l| l.strip_prefix("  nasflow ")).collect();
            assert!(!lines.is_empty(), "`{}` has no example", sub.get_name());
            for line in lines {
                let shell = line.split(['>', '<']).next().unwrap_or(line);
                let words = shell.split_whitespace().map(|w| w.trim_matches('\''));
                let parsed = Arguments::try_parse_from(["nasflow"].into_iter().chain(words));
                assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|e| e.to_string()).unwrap_or_default());
                assert!(line.starts_with(sub.get_name()), "{line}");
            }
        }
    }
}
