use proptest::prelude::*;

use super::*;

const POLICY: BreakerPolicy = BreakerPolicy {
    window: Duration::from_mins(1),
    minimum_calls: 20,
    open_for: Duration::from_secs(30),
    probe_for: Duration::from_secs(10),
};

/// 2026-11-21T09:00:00Z, the start of a window.
const START: Timestamp = Timestamp::from_unix_seconds(1_795_251_600);

fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// The shared item with the update loop of the module's documentation: every state it has had, oldest first.
struct BreakerStore(Vec<Breaker>);

impl BreakerStore {
    fn new() -> Self {
        Self(vec![Breaker::default()])
    }

    fn state(&self) -> &Breaker {
        self.0.last().unwrap()
    }

    fn apply(&mut self, change: &BreakerChange) -> Result<(), ()> {
        let new = self.state().apply(change).ok_or(())?;
        self.0.push(new);
        Ok(())
    }

    /// Begins a call as an instance does that saw the state `seen`.
    fn begin_from(&mut self, seen: usize, now: Timestamp) -> Option<Permit> {
        let mut state = self.0[seen].clone();
        loop {
            match state.on_call(now, &POLICY) {
                BreakerAdmission::Call(permit) => return Some(permit),
                BreakerAdmission::Refused { retry_at } => {
                    assert!(retry_at > now, "a refusal names a time to come");
                    return None;
                }
                BreakerAdmission::Probe(permit, claim) => match self.apply(&claim) {
                    Ok(()) => return Some(permit),
                    Err(()) => state = self.state().clone(),
                },
            }
        }
    }

    fn begin(&mut self, now: Timestamp) -> Option<Permit> {
        self.begin_from(self.0.len() - 1, now)
    }

    /// Reports an outcome as an instance does that saw the state `seen`.
    fn finish_from(&mut self, seen: usize, permit: Permit, now: Timestamp, ok: bool) {
        let mut state = self.0[seen].clone();
        while let Some(change) = state.on_outcome(permit, now, ok, &POLICY) {
            if self.apply(&change).is_ok() {
                if let Some(open) = self.state().trips(now, &POLICY) {
                    self.apply(&open).unwrap();
                }
                return;
            }
            state = self.state().clone();
        }
    }

    fn finish(&mut self, permit: Permit, now: Timestamp, ok: bool) {
        self.finish_from(self.0.len() - 1, permit, now, ok);
    }

    fn run(&mut self, calls: usize, now: Timestamp, ok: bool) {
        for _ in 0..calls {
            let permit = self.begin(now).expect("closed");
            self.finish(permit, now, ok);
        }
    }
}

fn opened() -> BreakerStore {
    let mut store = BreakerStore::new();
    store.run(20, START, false);
    store
}

#[test]
fn nineteen_failures_do_not_open_it_and_twenty_do() {
    let mut store = BreakerStore::new();
    store.run(19, START, false);
    assert!(store.begin(START).is_some());
    store.run(1, START, false);
    assert_eq!(store.state().on_call(START, &POLICY), BreakerAdmission::Refused { retry_at: after(30) });
}

#[test]
fn fewer_than_half_failing_do_not_open_it() {
    let mut store = BreakerStore::new();
    store.run(11, START, true);
    store.run(10, START, false);
    assert_eq!(store.state().open_until, None);
    store.run(1, START, false);
    assert_eq!(store.state().open_until, Some(after(30)));
}

#[test]
fn failures_of_an_earlier_window_are_forgotten() {
    let mut store = BreakerStore::new();
    store.run(19, START, false);
    store.run(19, after(60), false);
    assert_eq!(store.state().open_until, None);
    assert_eq!((store.state().calls, store.state().window), (19, after(60)));
}

#[test]
fn a_clock_behind_the_others_does_not_turn_the_window_back() {
    let mut store = BreakerStore::new();
    store.run(10, after(60), false);
    store.run(9, after(59), false);
    assert_eq!((store.state().calls, store.state().window), (19, after(60)));
}

#[test]
fn half_open_lets_one_probe_through_until_its_time_is_up() {
    let mut store = opened();
    assert!(store.begin(after(29)).is_none());
    assert!(store.begin(after(30)).is_some());
    assert!(store.begin(after(30)).is_none(), "the probe is under way");
    assert!(store.begin(after(40)).is_some(), "the first probe never came back");
}

#[test]
fn a_good_probe_closes_it_with_a_clean_slate() {
    let mut store = opened();
    let probe = store.begin(after(30)).unwrap();
    store.finish(probe, after(31), true);
    store.run(19, after(31), false);
    assert_eq!(store.state().open_until, None);
    store.run(1, after(31), false);
    assert_eq!(store.state().open_until, Some(after(61)));
}

#[test]
fn a_failed_probe_opens_it_again() {
    let mut store = opened();
    let probe = store.begin(after(30)).unwrap();
    store.finish(probe, after(35), false);
    assert!(store.begin(after(64)).is_none());
    assert!(store.begin(after(65)).is_some());
}

#[test]
fn a_call_that_began_before_it_opened_changes_nothing() {
    let mut store = BreakerStore::new();
    let slow = store.begin(START).unwrap();
    store.run(20, START, false);
    let before = store.state().clone();
    store.finish(slow, after(5), true);
    assert_eq!(*store.state(), before);
    let probe = store.begin(after(30)).unwrap();
    store.finish(probe, after(31), true);
    store.finish(slow, after(32), false);
    assert_eq!((store.state().calls, store.state().failures), (0, 0));
}

#[test]
fn the_state_survives_being_stored() {
    let text = serde_json::to_string(opened().state()).unwrap();
    assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), *opened().state());
}

#[derive(Debug, Clone)]
enum Op {
    Wait(u64),
    Begin,
    Finish { which: prop::sample::Index, ok: bool, seen: prop::sample::Index },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // Mostly failures, so that most runs open it at least once.
    let op = prop_oneof![
        1 => (0_u64..25).prop_map(Op::Wait),
        8 => Just(Op::Begin),
        8 => (any::<prop::sample::Index>(), prop::bool::weighted(0.35), any::<prop::sample::Index>())
            .prop_map(|(which, ok, seen)| Op::Finish { which, ok, seen }),
    ];
    prop::collection::vec(op, 0..400)
}

/// The breaker as one would write it down with a list of calls and no concern for storage.
#[derive(Default)]
struct Model {
    /// Outcomes since it last opened or closed.
    outcomes: Vec<(Timestamp, bool)>,
    open_until: Option<Timestamp>,
    probe_until: Option<Timestamp>,
    /// Openings and closings so far.
    turns: u64,
}

impl Model {
    fn begin(&mut self, now: Timestamp) -> Option<(u64, bool)> {
        let Some(open_until) = self.open_until else { return Some((self.turns, false)) };
        if now < open_until || self.probe_until.is_some_and(|until| now < until) {
            return None;
        }
        self.probe_until = Some(now + POLICY.probe_for);
        Some((self.turns, true))
    }

    fn turn(&mut self, open_until: Option<Timestamp>) {
        *self = Self { open_until, turns: self.turns + 1, ..Self::default() };
    }

    fn finish(&mut self, (turn, probe): (u64, bool), now: Timestamp, ok: bool) {
        if turn != self.turns {
            return;
        }
        if probe {
            return self.turn((!ok).then(|| now + POLICY.open_for));
        }
        self.outcomes.push((now, ok));
        let minute = |at: Timestamp| at.unix_seconds() / 60;
        let recent: Vec<bool> =
            self.outcomes.iter().filter(|(at, _)| minute(*at) == minute(now)).map(|o| o.1).collect();
        let failures = recent.iter().filter(|ok| !**ok).count();
        if recent.len() >= 20 && failures * 2 >= recent.len() {
            self.turn(Some(now + POLICY.open_for));
        }
    }
}

proptest! {
    #[test]
    fn it_admits_what_a_plain_model_admits(ops in ops()) {
        let (mut store, mut model, mut now) = (BreakerStore::new(), Model::default(), START);
        let mut running = Vec::new();
        for op in ops {
            match op {
                Op::Wait(seconds) => now = now + Duration::from_secs(seconds),
                Op::Begin => {
                    let (ours, theirs) = (store.begin(now), model.begin(now));
                    prop_assert_eq!(ours.map(|permit| permit.probe), theirs.map(|call| call.1));
                    running.extend(ours.zip(theirs));
                }
                Op::Finish { which, ok, .. } if !running.is_empty() => {
                    let (ours, theirs) = running.swap_remove(which.index(running.len()));
                    store.finish(ours, now, ok);
                    model.finish(theirs, now, ok);
                    prop_assert_eq!(store.state().open_until, model.open_until);
                }
                Op::Finish { .. } => {}
            }
        }
    }

    /// Instances that act on what they read earlier (but not before their own call) end where one that always reads
    /// the newest state would.
    #[test]
    fn deciding_from_a_stale_state_loses_and_doubles_nothing(ops in ops()) {
        let (mut fresh, mut stale, mut now) = (BreakerStore::new(), BreakerStore::new(), START);
        let mut running = Vec::new();
        for op in ops {
            match op {
                Op::Wait(seconds) => now = now + Duration::from_secs(seconds),
                Op::Begin => {
                    let permits = (fresh.begin(now), stale.begin(now));
                    prop_assert_eq!(permits.0, permits.1);
                    running.extend(permits.1.map(|permit| (permit, stale.0.len() - 1)));
                }
                Op::Finish { which, ok, seen } if !running.is_empty() => {
                    let (permit, known) = running.swap_remove(which.index(running.len()));
                    fresh.finish(permit, now, ok);
                    stale.finish_from(known + seen.index(stale.0.len() - known), permit, now, ok);
                    prop_assert_eq!(fresh.state(), stale.state());
                }
                Op::Finish { .. } => {}
            }
        }
    }

    #[test]
    fn of_instances_that_see_it_half_open_at_once_one_probes(instances in 1_usize..20, later in 0_u64..9) {
        let mut store = opened();
        let seen = store.0.len() - 1;
        let permits: Vec<_> = (0..instances).filter_map(|_| store.begin_from(seen, after(30 + later))).collect();
        prop_assert_eq!(permits.len(), 1);
        prop_assert!(permits[0].probe);
    }
}
