//! Exact bytes of a method's state: little-endian, floats as their bits, lengths before lists. MethodRule trusts nothing.

/// Writes a state.
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins with a line that says what follows.
    pub fn new(head: &str) -> Self {
        Writer(format!("{head}\n").into_bytes())
    }

    /// A whole number.
    pub fn number(&mut self, n: u64) {
        self.0.extend(n.to_le_bytes());
    }

    /// A list of floats.
    pub fn floats(&mut self, values: &[f64]) {
        self.number(values.len() as u64);
        values.iter().for_each(|v| self.0.extend(v.to_bits().to_le_bytes()));
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// Bytes.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// What was written.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what [`Writer`] wrote. Errors say what is wrong; lengths are checked against what is there before anything is allocated.
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// After the line `head`, which names a `what`.
    pub fn new(bytes: &'a [u8], head: &str, what: &'static str) -> Result<Self, String> {
        let rest = bytes.strip_prefix(head.as_bytes()).and_then(|b| b.strip_prefix(b"\n"));
        Ok(Reader { rest: rest.ok_or_else(|| format!("not a state of {what}"))?, what })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(|| format!("a state of {} that ends too early", self.what))?;
        self.rest = rest;
        Ok(head)
    }

    /// A whole number.
    pub fn number(&mut self) -> Result<u64, String> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// A length of a list whose elements take at least `each` bytes.
    pub fn length(&mut self, each: usize) -> Result<usize, String> {
        let n = self.number()?;
        let most = (self.rest.len() / each.max(1)) as u64;
        if n > most { Err(format!("a state of {} that ends too early", self.what)) } else { Ok(n as usize) }
    }

    /// A list of finite floats.
    pub fn floats(&mut self) -> Result<Vec<f64>, String> {
        let n = self.length(8)?;
        let values: Vec<f64> = (0..n).map(|_| self.number().map(f64::from_bits)).collect::<Result<_, _>>()?;
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(format!("a state of {} with numbers that are not finite", self.what))
        }
    }

    /// A text.
    pub fn text(&mut self) -> Result<String, String> {
        let n = self.length(1)?;
        String::from_utf8(self.take(n)?.to_vec()).map_err(|_| format!("a state of {} with a name that is no text", self.what))
    }

    /// Bytes.
    pub fn blob(&mut self) -> Result<&'a [u8], String> {
        let n = self.length(1)?;
        self.take(n)
    }

    /// Nothing may follow.
    pub fn end(self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("{} bytes after a state of {}", self.rest.len(), self.what)) }
    }
}
