//! The ready queue: which changes may start, and which ones a failure skips. Pure: no I/O, no clock.
//!
//! Among the changes that may start, the one with the longest chain of dependents starts first. So a creation that many changes depend on
//! does not queue behind a thousand changes without dependents. Each class has a concurrency limit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<K> {
    /// Its name.
    pub key: K,
    /// Its dependencies.
    pub waits_for: Vec<K>,
    /// How long it takes, in any unit; only compared and added.
    pub weight: u64,
    /// The class whose concurrency limit applies to it.
    pub class: Option<Class>,
}

/// A class of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// How many of it may run at a time.
    pub cap: usize,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its dependents may start.
    Done,
    /// Its dependents are skipped.
    Failed,
}

/// A task that is skipped because of a failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped<K> {
    /// The task.
    pub key: K,
    /// The failed task that caused it.
    pub because_of: K,
}

/// The tasks are not in order: this one depends on one that does not come before it, or is listed twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfOrder<K>(pub K);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Ready,
    Running,
    Over,
}

#[derive(Debug)]
struct Node<K> {
    key: K,
    class: Option<Class>,
    dependents: Vec<usize>,
    /// How many dependencies are left.
    open: usize,
    /// The weight of the heaviest chain that begins here.
    priority: u64,
    state: State,
}

/// The queue. Invariant: `ready` holds exactly the nodes in `State::Ready`, `running` counts those in `State::Running` by
/// class, `left` those in neither `State::Over`.
#[derive(Debug)]
pub struct Schedule<K> {
    nodes: Vec<Node<K>>,
    index: BTreeMap<K, usize>,
    ready: BTreeMap<Option<Class>, BTreeSet<(Reverse<u64>, usize)>>,
    running: BTreeMap<Option<Class>, usize>,
    left: usize,
}

impl<K: Ord + Clone> Schedule<K> {
    /// A queue of tasks, each after all of its dependencies.
    ///
    /// # Errors
    /// A task comes before one of its dependencies, or twice.
    pub fn new(tasks: impl IntoIterator<Item = Task<K>>) -> Result<Self, OutOfOrder<K>> {
        let mut nodes: Vec<Node<K>> = Vec::new();
        let mut index = BTreeMap::new();
        for (place, task) in tasks.into_iter().enumerate() {
            let waits_for: BTreeSet<&K> = task.waits_for.iter().collect();
            for key in &waits_for {
                match index.get(*key).and_then(|&dependency: &usize| nodes.get_mut(dependency)) {
                    Some(dependency) => dependency.dependents.push(place),
                    None => return Err(OutOfOrder(task.key)),
                }
            }
            let open = waits_for.len();
            if index.insert(task.key.clone(), place).is_some() {
                return Err(OutOfOrder(task.key));
            }
            let (key, class, priority) = (task.key, task.class, task.weight);
            nodes.push(Node { key, class, dependents: Vec::new(), open, priority, state: State::Waiting });
        }
        let left = nodes.len();
        let mut schedule = Self { nodes, index, ready: BTreeMap::new(), running: BTreeMap::new(), left };
        schedule.weigh();
        for place in 0..left {
            schedule.make_ready(place);
        }
        Ok(schedule)
    }

    /// Dependents come after their dependencies, so in reverse order every weight is known before it is added.
    fn weigh(&mut self) {
        for place in (0..self.nodes.len()).rev() {
            let below = |node: &Node<K>| node.dependents.iter().filter_map(|&d| self.nodes.get(d)).map(|d| d.priority).max();
            let below = self.nodes.get(place).and_then(below).unwrap_or(0);
            if let Some(node) = self.nodes.get_mut(place) {
                node.priority = node.priority.saturating_add(below);
            }
        }
    }

    fn make_ready(&mut self, place: usize) {
        if let Some(node) = self.nodes.get_mut(place).filter(|node| node.open == 0 && node.state == State::Waiting) {
            node.state = State::Ready;
            self.ready.entry(node.class).or_default().insert((Reverse(urgency(node.priority)), place));
        }
    }

    /// The next task, which now counts as running. Among equal ones, the first in order.
    #[expect(clippy::should_implement_trait, reason = "no iterator: what comes next depends on what finishes in between")]
    pub fn next(&mut self) -> Option<K> {
        let free = |class: &Option<Class>| class.is_none_or(|c| self.running.get(class).copied().unwrap_or(0) < c.cap);
        let best = self.ready.iter().filter(|(class, _)| free(class)).filter_map(|(class, ready)| Some((*ready.first()?, *class))).min();
        let (first, class) = best?;
        self.ready.get_mut(&class)?.remove(&first);
        *self.running.entry(class).or_default() += 1;
        let node = self.nodes.get_mut(first.1)?;
        node.state = State::Running;
        Some(node.key.clone())
    }

    /// Records how a task ended, started or not, and returns the tasks that are skipped because of it, in order. Does nothing for a task
    /// that is already over.
    pub fn finish(&mut self, key: &K, ended: Ended) -> Vec<Skipped<K>> {
        let Some(&place) = self.index.get(key) else { return Vec::new() };
        let Some(dependents) = self.end(place) else { return Vec::new() };
        match ended {
            Ended::Done => {
                for dependent in dependents {
                    if let Some(node) = self.nodes.get_mut(dependent) {
                        node.open = node.open.saturating_sub(1);
                    }
                    self.make_ready(dependent);
                }
                Vec::new()
            }
            Ended::Failed => self.skip(key, dependents),
        }
    }

    fn skip(&mut self, because_of: &K, dependents: Vec<usize>) -> Vec<Skipped<K>> {
        let mut skipped = BTreeSet::new();
        let mut reached = VecDeque::from(dependents);
        while let Some(place) = reached.pop_front() {
            if let Some(further) = self.end(place) {
                skipped.insert(place);
                reached.extend(further);
            }
        }
        let key = |place| self.nodes.get(place).map(|node: &Node<K>| node.key.clone());
        skipped.into_iter().filter_map(key).map(|key| Skipped { key, because_of: because_of.clone() }).collect()
    }

    /// Takes a node out of the queue and returns its dependents; `None` when it is over already.
    fn end(&mut self, place: usize) -> Option<Vec<usize>> {
        let node = self.nodes.get_mut(place)?;
        match std::mem::replace(&mut node.state, State::Over) {
            State::Over => return None,
            State::Running => {
                if let Some(running) = self.running.get_mut(&node.class) {
                    *running = running.saturating_sub(1);
                }
            }
            State::Ready => {
                if let Some(ready) = self.ready.get_mut(&node.class) {
                    ready.remove(&(Reverse(urgency(node.priority)), place));
                }
            }
            State::Waiting => {}
        }
        self.left = self.left.saturating_sub(1);
        Some(std::mem::take(&mut node.dependents))
    }

    /// Whether all tasks are done, failed or skipped.
    pub fn is_finished(&self) -> bool {
        self.left == 0
    }
}

/// A weight for comparison. Chains that differ by less than an eighth count as equally long, since weights are estimates. So one account
/// after the other gets as far as it can, instead of all of them stopping before the next step.
fn urgency(weight: u64) -> u64 {
    let grain = weight.checked_ilog2().unwrap_or_default().saturating_sub(3);
    weight >> grain << grain
}

#[cfg(test)]
mod tests;
