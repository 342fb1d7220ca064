//! Somebody between overlord and its AWS who tells of every write, and lets it pass when the test says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::cli::case::{BOUND, reads};

/// What becomes of a write.
pub enum Fate {
    /// It reaches AWS, and its answer overlord.
    Pass,
    /// It reaches AWS, which acts on it; the answer waits for the next fate.
    HoldAnswer,
}

/// Listens at `url`.
pub struct Between {
    pub url: String,
    writes: Receiver<(String, Sender<Fate>)>,
}

/// A write that waits for its fate.
pub struct Write_ {
    pub operation: String,
    fate: Sender<Fate>,
}

impl Write_ {
    pub fn fate(&self, fate: Fate) {
        // Overlord may be gone, and its connection with it.
        let _ = self.fate.send(fate);
    }
}

impl Between {
    pub fn start(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, writes) = channel();
        // Ends with the process: a listener cannot be woken otherwise without a connection.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (upstream, tell) = (upstream.clone(), tell.clone());
                thread::spawn(move || connection(stream, &upstream, &tell));
            }
        });
        Self { url, writes }
    }

    /// The next write, once it is here.
    #[track_caller]
    pub fn next(&self) -> Write_ {
        let (operation, fate) = self.writes.recv_timeout(BOUND).expect("no further write");
        Write_ { operation, fate }
    }

    /// The next write, or `None` when nobody can make one any more.
    pub fn next_unless(&self, is_over: impl FnMut() -> bool) -> Option<Write_> {
        let mut is_over = is_over;
        crate::cli::case::eventually("a write or the end", || match self.writes.try_recv() {
            Ok((operation, fate)) => Some(Some(Write_ { operation, fate })),
            Err(_) => is_over().then_some(None),
        })
    }
}

fn connection(stream: TcpStream, upstream: &str, tell: &Sender<(String, Sender<Fate>)>) {
    let mut client = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let header = |name: &str| {
        let value = |line: &str| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned());
        head.lines().find_map(value)
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    if client.read_exact(&mut body).is_err() {
        return;
    }
    // Query services (STS) have no target, and overlord only reads from them here.
    let operation = header("x-amz-target").map(|target| target.rsplit('.').next().unwrap().to_owned());
    let write = operation.filter(|operation| !reads(operation));
    let fates = write.map(|operation| {
        let (fate, fates) = channel();
        let _ = tell.send((operation, fate));
        fates
    });
    let holds = match fates.as_ref().map(Receiver::recv) {
        None | Some(Ok(Fate::Pass)) => false,
        Some(Ok(Fate::HoldAnswer)) => true,
        Some(Err(_)) => return,
    };
    let mut server = TcpStream::connect(upstream).unwrap();
    let closing = |head: &str| head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(closing(&head).as_bytes()).unwrap();
    server.write_all(&body).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    if holds && fates.is_some_and(|fates| fates.recv().is_err()) {
        return;
    }
    let _ = client.get_mut().write_all(&answer);
}
