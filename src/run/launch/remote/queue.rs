//! What accepts jobs for other machines: a cluster's queue, or a list of machines.

/// A job to be sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// What all jobs of this pipeline in this store are called.
    pub tag: String,
    /// The attempt that it begins with: `KEY#NAME`, the key shortened.
    pub about: String,
    /// The script that starts the worker; a shell reads it.
    pub script: Script,
    /// Processors.
    pub threads: usize,
}

/// The parts of a job's script: a queue may add lines of its own before them.
#[derive(Clone, Debug)]
pub struct Script {
    /// Goes to the store, begins the log, and ends where the attempt is not wanted any more.
    pub arrive: String,
    /// Starts the worker, waits for it, leaves its exit code.
    pub work: String,
}

/// Why a job was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It never will be: in words.
    Never(String),
    /// Perhaps later; it may have been accepted all the same. In words.
    NotNow(String),
    /// Likewise, and it was certainly not accepted; there is nothing to say, because machines are busy by ourselves.
    Full,
}

/// A job as the queue sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the queue calls it.
    pub id: String,
    /// The name of the attempt that it began with; empty where it has none.
    pub name: String,
    /// What it does.
    pub state: State,
    /// Why it waits or has ended, in the queue's words.
    pub reason: String,
    /// The machine, where it has one.
    pub machine: String,
    /// When it began to be in this state, in seconds since 1970, where the queue says so.
    pub since: Option<u64>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for a machine.
    Waiting,
    /// It has one.
    Working,
    /// It has ended, so.
    Gone(How),
}

/// How a job ended, by the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself.
    Itself,
    /// Somebody cancelled it.
    Cancelled,
    /// Its time was over.
    TimedOut,
    /// The memory did not suffice.
    OutOfMemory,
    /// Its machine failed, or was given to somebody else.
    Taken,
    /// It is not there any more, and nobody says why.
    Forgotten,
}

/// Accepts jobs. Every call may take some seconds, and none hangs.
pub trait Queue: Send + Sync {
    /// What people call it.
    fn word(&self) -> &'static str;

    /// Sends a job; what the queue calls it.
    ///
    /// # Errors
    /// That it is not accepted.
    fn send(&self, job: &Sending) -> Result<String, Refusal>;

    /// All jobs of this name that the queue knows, also some that have ended.
    ///
    /// # Errors
    /// That the queue does not answer, in words.
    fn look(&self, tag: &str) -> Result<Vec<Row>, String>;

    /// Cancels jobs; those that are not there any more are no error.
    ///
    /// # Errors
    /// That the queue does not answer, in words.
    fn cancel(&self, ids: &[String]) -> Result<(), String>;

    /// What to say of a job that waits for this reason, where that is not its turn.
    fn waits(&self, reason: &str) -> Option<String>;
}
