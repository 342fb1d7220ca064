use proptest::prelude::*;

use super::*;

fn task(key: u32, waits_for: &[u32], weight: u64) -> Task<u32> {
    Task { key, waits_for: waits_for.to_vec(), weight, class: None }
}

fn all(schedule: &mut Schedule<u32>) -> Vec<u32> {
    std::iter::from_fn(|| schedule.next()).collect()
}

#[test]
fn a_diamond_runs_side_by_side_in_the_middle() {
    let mut schedule = Schedule::new([task(1, &[], 1), task(2, &[1], 1), task(3, &[1], 5), task(4, &[2, 3], 1)]).unwrap();
    assert_eq!(all(&mut schedule), [1]);
    assert_eq!(schedule.finish(&1, Ended::Done), []);
    assert_eq!(all(&mut schedule), [3, 2], "the heavier way first");
    schedule.finish(&2, Ended::Done);
    assert_eq!(schedule.next(), None);
    schedule.finish(&3, Ended::Done);
    assert_eq!(all(&mut schedule), [4]);
    assert!(!schedule.is_finished());
    schedule.finish(&4, Ended::Done);
    assert!(schedule.is_finished());
}

#[test]
fn what_much_hangs_on_goes_first_and_equal_ones_go_in_order() {
    let mut schedule = Schedule::new([task(7, &[], 3), task(8, &[], 3), task(1, &[], 1), task(2, &[1], 3)]).unwrap();
    assert_eq!(all(&mut schedule), [1, 7, 8]);
}

#[test]
fn of_ways_about_as_long_one_is_gone_to_its_end_before_the_next_is_begun() {
    let ways =
        |first, second| Schedule::new([task(1, &[], first), task(2, &[1], 1000), task(3, &[], second), task(4, &[3], 1000)]).unwrap();
    for (mut schedule, order) in [(ways(10, 20), [1, 2, 3, 4]), (ways(10, 500), [3, 1, 2, 4])] {
        let mut begun = Vec::new();
        while let Some(next) = schedule.next() {
            begun.push(next);
            schedule.finish(&next, Ended::Done);
        }
        assert_eq!(begun, order);
    }
}

#[test]
fn a_class_is_capped_and_does_not_hold_up_others() {
    let slow = |key| Task { class: Some(Class { name: "slow", cap: 2 }), ..task(key, &[], 9) };
    let mut schedule = Schedule::new([slow(1), slow(2), slow(3), task(4, &[], 1)]).unwrap();
    assert_eq!(all(&mut schedule), [1, 2, 4]);
    schedule.finish(&4, Ended::Done);
    assert_eq!(schedule.next(), None);
    schedule.finish(&1, Ended::Failed);
    assert_eq!(all(&mut schedule), [3]);
}

#[test]
fn a_task_can_be_refused_before_it_begins() {
    let mut schedule = Schedule::new([task(1, &[], 1), task(2, &[1], 1), task(3, &[], 1)]).unwrap();
    assert_eq!(schedule.finish(&1, Ended::Failed), [Skipped { key: 2, because_of: 1 }]);
    assert_eq!(schedule.finish(&1, Ended::Failed), [], "it is over already");
    assert_eq!(all(&mut schedule), [3]);
}

#[test]
fn tasks_out_of_order_are_refused() {
    for tasks in [vec![task(1, &[2], 1), task(2, &[], 1)], vec![task(1, &[1], 1)], vec![task(2, &[], 1), task(1, &[9], 1)]] {
        assert_eq!(Schedule::new(tasks).err(), Some(OutOfOrder(1)));
    }
    assert_eq!(Schedule::new([task(1, &[], 1), task(1, &[], 1)]).err(), Some(OutOfOrder(1)));
}

/// Each task by its number: its dependencies (lower numbers), its weight, whether it is of the capped class, whether it fails.
fn tasks() -> impl Strategy<Value = Vec<(Vec<u32>, u64, bool, bool)>> {
    let one = (prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0..9u64, any::<bool>(), prop::bool::weighted(0.15));
    prop::collection::vec(one, 0..40).prop_map(|tasks| {
        let below = |place: usize, picks: Vec<prop::sample::Index>| {
            picks.into_iter().filter(|_| place > 0).map(|p| p.index(place) as u32).collect()
        };
        tasks.into_iter().enumerate().map(|(i, (picks, weight, capped, fails))| (below(i, picks), weight, capped, fails)).collect()
    })
}

const CAPPED: Class = Class { name: "capped", cap: 2 };

proptest! {
    /// Against a naive oracle: a task is skipped exactly when one of its direct or indirect dependencies fails.
    #[test]
    fn skips_exactly_the_dependents_of_failures(tasks in tasks(), picks in prop::collection::vec(any::<prop::sample::Index>(), 40)) {
        let mut lost: Vec<bool> = Vec::new();
        for (waits_for, ..) in &tasks {
            lost.push(waits_for.iter().any(|&d| lost[d as usize] || tasks[d as usize].3));
        }
        let input = tasks.iter().enumerate().map(|(i, (waits_for, weight, capped, _))| Task {
            class: capped.then_some(CAPPED), ..task(i as u32, waits_for, *weight)
        });
        let mut schedule = Schedule::new(input).unwrap();
        let (mut running, mut done, mut ended, mut picks) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), picks.into_iter().cycle());
        loop {
            running.extend(all(&mut schedule));
            prop_assert!(running.iter().filter(|&&key: &&u32| tasks[key as usize].2).count() <= CAPPED.cap);
            if running.is_empty() { break; }
            let key = running.swap_remove(picks.next().unwrap().index(running.len()));
            prop_assert!(tasks[key as usize].0.iter().all(|dependency| done.contains(dependency)));
            prop_assert!(ended.insert(key));
            let fails = tasks[key as usize].3;
            if !fails { done.insert(key); }
            for Skipped { key: skipped, because_of } in schedule.finish(&key, if fails { Ended::Failed } else { Ended::Done }) {
                prop_assert_eq!(because_of, key);
                prop_assert!(lost[skipped as usize] && ended.insert(skipped));
            }
        }
        prop_assert!(schedule.is_finished());
        prop_assert_eq!(ended.len(), tasks.len());
        let expected: BTreeSet<u32> = (0..tasks.len()).filter(|&i| !lost[i] && !tasks[i].3).map(|i| i as u32).collect();
        prop_assert_eq!(done, expected);
    }
}
