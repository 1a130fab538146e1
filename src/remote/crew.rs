//! Many requests at a time, by threads that nobody has to wait for: one that hangs is left behind.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says that something moves.
pub struct Pulse {
    begun: Instant,
    last: AtomicU64,
    bytes: AtomicU64,
}

impl Pulse {
    /// Begins now.
    pub fn new() -> Pulse {
        Pulse { begun: Instant::now(), last: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// So many bytes have moved.
    pub fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(now, Ordering::Relaxed);
    }

    fn silent(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

struct Queue<T> {
    items: VecDeque<T>,
    closed: bool,
}

/// Threads that work on items, and what they have done.
pub struct Crew<T, R> {
    shared: Arc<(Mutex<Queue<T>>, Condvar)>,
    pulse: Arc<Pulse>,
    heard: Receiver<R>,
    open: usize,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static, R: Send + 'static> Crew<T, R> {
    /// So many threads, which wait for items.
    pub fn new(threads: usize, work: impl Fn(T, &Pulse) -> R + Send + Sync + 'static) -> Crew<T, R> {
        let shared = Arc::new((Mutex::new(Queue { items: VecDeque::new(), closed: false }), Condvar::new()));
        let (pulse, work) = (Arc::new(Pulse::new()), Arc::new(work));
        let (said, heard) = channel();
        let mut started = Vec::new();
        for _ in 0..threads {
            let (shared, pulse, work, said) = (Arc::clone(&shared), Arc::clone(&pulse), Arc::clone(&work), said.clone());
            // Where the system has no thread left, the others do its share.
            let thread = std::thread::Builder::new().name("remote".into()).spawn(move || {
                while let Some(item) = next(&shared) {
                    let done = work(item, &pulse);
                    pulse.moved(0);
                    if said.send(done).is_err() {
                        return;
                    }
                }
            });
            started.extend(thread);
        }
        Crew { shared, pulse, heard, open: 0, threads: started }
    }

    /// Gives them something to do.
    pub fn give(&mut self, item: T) {
        if self.open == 0 {
            self.pulse.moved(0);
        }
        self.open += 1;
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).items.push_back(item);
        self.shared.1.notify_one();
    }

    /// What was done; none where nothing was within this time.
    pub fn heard(&mut self, wait: Duration) -> Option<R> {
        if self.open == 0 {
            return None;
        }
        let done = self.heard.recv_timeout(wait).ok()?;
        self.open -= 1;
        Some(done)
    }

    /// Items that are not done.
    pub fn open(&self) -> usize {
        self.open
    }

    /// How long nothing has moved.
    pub fn silent(&self) -> Duration {
        self.pulse.silent()
    }

    /// Bytes that have moved.
    pub fn bytes(&self) -> u64 {
        self.pulse.bytes.load(Ordering::Relaxed)
    }
}

impl<T, R> Drop for Crew<T, R> {
    /// Nothing new is begun. Where all is done the threads end at once, with what they hold; else nobody waits for them.
    fn drop(&mut self) {
        {
            let mut queue = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            queue.closed = true;
            queue.items.clear();
            self.shared.1.notify_all();
        }
        if self.open == 0 {
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}

fn next<T>((queue, more): &(Mutex<Queue<T>>, Condvar)) -> Option<T> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if queue.closed {
            return None;
        }
        if let Some(item) = queue.items.pop_front() {
            return Some(item);
        }
        queue = more.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}
