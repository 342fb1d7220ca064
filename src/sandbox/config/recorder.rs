//! Recorders: whether a Region of an account is recorded, and which resource types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::ec2::{Place, Region};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::World;

/// What records an account's resources in a Region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// `default`, as a rule.
    pub name: String,
    /// The kinds that it records; `None` for all.
    pub types: Option<BTreeSet<String>>,
    /// Whether it records once a day: until the next time it has what there was when it was started.
    #[serde(default)]
    pub daily: bool,
    /// What it is about: not yet begun, at it, or stopped with what there was then.
    state: State,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum State {
    #[default]
    NotStarted,
    Recording,
    Daily(Box<Region>),
    Stopped(Box<Region>),
}

impl Recorder {
    /// One that records all, from now on.
    pub fn of_everything() -> Self {
        Self { name: "default".to_owned(), types: None, daily: false, state: State::Recording }
    }

    pub(super) fn has_recorded(&self) -> bool {
        self.state != State::NotStarted
    }

    pub(super) fn records(&self, resource_type: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(resource_type))
    }

    /// As an item has it.
    pub(super) fn frequency(&self) -> &'static str {
        if self.daily { "DAILY" } else { "CONTINUOUS" }
    }

    /// What there was when it was stopped, or wrote it down last.
    pub(super) fn stopped(&self) -> Option<Arc<Region>> {
        match &self.state {
            State::Daily(region) | State::Stopped(region) => Some(Arc::new(Region::clone(region))),
            State::NotStarted | State::Recording => None,
        }
    }
}

/// All recorders, by account and Region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recorders(BTreeMap<String, BTreeMap<String, Recorder>>);

impl Recorders {
    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts an account's recorder in a Region.
    pub fn put(&mut self, account: &str, region: &str, recorder: Recorder) {
        self.0.entry(account.to_owned()).or_default().insert(region.to_owned(), recorder);
    }

    /// Each with its account and Region, from an account on.
    pub(super) fn from(&self, account: &str) -> impl Iterator<Item = (&str, &str, &Recorder)> {
        let accounts = self.0.range(account.to_owned()..);
        accounts.flat_map(|(account, regions)| regions.iter().map(|(region, recorder)| (account.as_str(), region.as_str(), recorder)))
    }

    /// Of the recorder that a place has.
    fn name(&self, place: &Place) -> Option<&str> {
        self.0.get(&place.account)?.get(place.region.name).map(|recorder| recorder.name.as_str())
    }

    fn get_mut(&mut self, place: &Place, name: &str) -> Result<&mut Recorder, Refusal> {
        let found = self.0.get_mut(&place.account).and_then(|regions| regions.get_mut(place.region.name));
        let message = || format!("Cannot find the configuration recorder with the name '{name}'.");
        found.filter(|recorder| recorder.name == name).ok_or_else(|| Refusal::new("NoSuchConfigurationRecorderException", message()))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Input {
    configuration_recorder: Option<Described>,
    configuration_recorder_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default = "default_name")]
    name: String,
    recording_group: Option<Group>,
    recording_mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mode {
    recording_frequency: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Group {
    all_supported: bool,
    resource_types: BTreeSet<String>,
}

fn default_name() -> String {
    "default".to_owned()
}

pub(super) fn put(input: Input, place: Place, world: &mut World) -> Outcome {
    let Some(Described { name, recording_group, recording_mode }) = input.configuration_recorder else {
        return Err(Refusal::new("ValidationException", "ConfigurationRecorder is missing"));
    };
    let types = recording_group.filter(|group| !group.all_supported).map(|group| group.resource_types);
    if let Some(other) = world.recorders.name(&place).filter(|other| *other != name) {
        let message = format!(
            "Failed to put configuration recorder '{name}' because the maximum number of configuration recorders: 1 is reached: '{other}'."
        );
        return Err(Refusal::new("MaxNumberOfConfigurationRecordersExceededException", message));
    }
    let state = world.recorders.get_mut(&place, &name).map(|recorder| recorder.state.clone()).unwrap_or_default();
    let daily = recording_mode.is_some_and(|mode| mode.recording_frequency == "DAILY");
    world.recorders.put(&place.account, place.region.name, Recorder { name, types, daily, state });
    Ok(Value::Null)
}

pub(super) fn start(input: &Input, place: &Place, world: &mut World) -> Outcome {
    let name = input.configuration_recorder_name.as_deref().unwrap_or_default();
    let region = world.ec2.get(world.seed, place);
    let recorder = world.recorders.get_mut(place, name)?;
    recorder.state = if recorder.daily { State::Daily(Box::new(Region::clone(&region))) } else { State::Recording };
    Ok(Value::Null)
}

pub(super) fn stop(input: &Input, place: &Place, world: &mut World) -> Outcome {
    let name = input.configuration_recorder_name.as_deref().unwrap_or_default();
    let region = world.ec2.get(world.seed, place);
    let recorder = world.recorders.get_mut(place, name)?;
    if recorder.state == State::Recording {
        recorder.state = State::Stopped(Box::new(Region::clone(&region)));
    }
    Ok(Value::Null)
}
