//! `nasflow cache key`

use crate::cli::arguments::CacheKeyArguments;
use crate::cli::failure::Failure;
use crate::cli::{configuration, print};
use crate::remote::SecretKey;
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &CacheKeyArguments) -> Result<ExitCode, Failure> {
    let path =
        configuration::key_path().ok_or_else(|| format!("nobody says where your key lies: set {} or HOME", configuration::KEY_VARIABLE))?;
    let (key, made) = match SecretKey::read(&path)? {
        Some(key) => (key, false),
        None => (SecretKey::make(&path)?, true),
    };
    if made {
        let place = path.display();
        print::note(&format!("made your key in {place}: keep that file to yourself, and give others the line below"));
    }
    let public = key.public().to_string();
    print::out(&if arguments.json { format!("{}\n", json!({ "key": public, "made": made })) } else { format!("{public}\n") });
    Ok(ExitCode::SUCCESS)
}
