use super::*;

/// Networks that are equal, and how often one is called better.
#[derive(Clone, Copy, Debug)]
struct Equal {
    /// Seeds of each network.
    seeds: usize,
    /// Networks of the baseline.
    networks: usize,
    /// The deviation over seeds of the answer; that of the baseline's networks is 1.
    ours: f64,
    /// The deviation between the baseline's networks, whose mean is the answer's.
    between: f64,
    /// The deviation that images make of the difference.
    images: f64,
}

impl Equal {
    /// (called better, interval without 0), of so many answers.
    fn shares(self, rounds: u64) -> (f64, f64) {
        let (mut better, mut without) = (0, 0);
        for round in 0..rounds {
            let mut r = Random::at(round, "equal", &[self.seeds as u64, self.networks as u64]);
            let ours = (0..self.seeds).map(|_| self.ours * r.normal()).collect();
            let theirs = (0..self.networks)
                .map(|_| {
                    let own = self.between * r.normal();
                    (0..self.seeds).map(|_| own + r.normal()).collect()
                })
                .collect();
            let runs = Runs { ours, theirs };
            // A bootstrap over 60 images finds about what they make of it.
            let found: f64 = (0..59).map(|_| r.normal()).map(|x| x * x).sum::<f64>() / 59.0;
            let luck = self.images * r.normal();
            let images = Part { variance: self.images * self.images * found, freedom: 59.0 };
            let (low, high, _) = student(runs.difference() + luck, &runs.parts().unwrap(), Some(images));
            better += usize::from(low > 0.0);
            without += usize::from(low > 0.0 || high < 0.0);
        }
        (better as f64 / rounds as f64, without as f64 / rounds as f64)
    }
}

/// Of 2, 3 and 5 seeds and baselines of 1 to 4 networks, whichever side is the noisier, whatever images add.
#[test]
fn of_equal_networks_at_most_one_in_twenty_is_called_better() {
    for seeds in [2, 3, 5] {
        for networks in 1..=4 {
            for (ours, between, images) in [(1.0, 0.0, 0.0), (0.2, 0.0, 0.5), (5.0, 0.0, 0.5), (1.0, 2.0, 1.0)] {
                if between > 0.0 && networks == 1 {
                    continue;
                }
                let case = Equal { seeds, networks, ours, between, images };
                let (better, without) = case.shares(1000);
                assert!(better <= 0.05 && without <= 0.1, "{case:?}: {better} called better, {without} without 0");
            }
        }
    }
}

fn runs(ours: &[f64], theirs: &[&[f64]]) -> Runs {
    Runs { ours: ours.to_vec(), theirs: theirs.iter().map(|n| n.to_vec()).collect() }
}

#[test]
fn welch_is_what_a_book_says() {
    // Two samples of three: variances 1 and 4, so 5/3 of the mean's, with (5/3)² ÷ ((1/3)²/2 + (4/3)²/2) degrees of freedom.
    let runs = runs(&[9.0, 10.0, 11.0], &[&[1.0, 3.0, 5.0]]);
    let found = compare(&runs, &[], 0);
    let freedom = 25.0 / 9.0 / ((1.0 / 9.0 + 16.0 / 9.0) / 2.0);
    let reach = quantile(0.975, freedom) * libm::sqrt(5.0 / 3.0);
    let (low, high) = found.interval.unwrap();
    assert_eq!(found.difference, 7.0);
    assert!((found.freedom.unwrap() - freedom).abs() < 1e-12 && (high - 7.0 - reach).abs() < 1e-12 && (low - 7.0 + reach).abs() < 1e-12);
    assert_eq!((found.above, found.over_images, found.resamples), (Some(1.0), None, 0));
    assert_eq!(found, compare(&runs, &[], 0), "the same runs, the same bits");
}

#[test]
fn several_networks_count_by_their_means() {
    // Means 1 and 5 differ by far more than their seeds: two networks have one degree of freedom.
    let apart = runs(&[9.0, 9.0], &[&[0.9, 1.1], &[4.9, 5.1]]);
    assert_eq!(apart.parts().unwrap()[1], Part { variance: 4.0, freedom: 1.0 });
    // Equal means with seeds that differ: seeds count.
    let alike = runs(&[9.0, 9.0], &[&[0.0, 2.0], &[0.0, 2.0]]);
    assert_eq!(alike.parts().unwrap()[1..], [Part { variance: 0.25, freedom: 1.0 }; 2]);
    // Several networks of one seed each tell of their luck; one network of one seed does not, nor an answer of one.
    assert!(runs(&[9.0, 9.1], &[&[1.0], &[2.0]]).tested());
    assert!(!runs(&[9.0, 9.1], &[&[1.0]]).tested() && !runs(&[9.0], &[&[1.0, 1.1], &[2.0, 2.1]]).tested());
}

#[test]
fn images_alone_are_no_test_of_a_training() {
    let resamples: Vec<Runs> = (0..200u64)
        .map(|i| {
            let luck = Random::at(i, "luck", &[]).normal();
            runs(&[1.0 + luck], &[&[0.0]])
        })
        .collect();
    let found = compare(&runs(&[1.0], &[&[0.0]]), &resamples, 60);
    assert_eq!((found.interval, found.freedom, found.resamples), (None, None, 200));
    let (low, high) = found.over_images.unwrap();
    assert!(low < -0.5 && high > 2.5, "{found:?}");
    // A resample in which nothing is defined counts nowhere.
    let mut with_none = resamples.clone();
    with_none.push(runs(&[f64::NAN], &[&[0.0]]));
    assert_eq!(compare(&runs(&[1.0], &[&[0.0]]), &with_none, 60).over_images, found.over_images);
}
