//! Who works on trials: `--launcher`, else the environment, else the configuration.

use super::failure::Failure;
use crate::document::configuration::Configuration;
use crate::document::launchers::{Host, SlurmSettings};
use crate::run::launch::local::{Follow, Local};
use crate::run::launch::{Launcher, slurm, ssh};
use std::path::PathBuf;

/// Who works on trials.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// Processes of this machine.
    Local,
    /// Jobs of a Slurm cluster.
    Slurm(Box<SlurmSettings>),
    /// Other machines.
    Ssh(Vec<Host>),
}

impl Chosen {
    /// By the option, else the configuration.
    ///
    /// # Errors
    /// A word that is none of them; `ssh` without machines.
    pub fn new(option: Option<&str>, configured: &Configuration) -> Result<Chosen, Failure> {
        match option.or(configured.run.launcher.as_deref()).unwrap_or("local") {
            "local" => Ok(Chosen::Local),
            slurm::WORD => Ok(Chosen::Slurm(Box::new(configured.launcher.slurm.clone()))),
            ssh::WORD if configured.launcher.hosts.is_empty() => Err(Failure::Message(
                "`--launcher ssh` knows no machine: name some in the configuration file, such as \
                 `launcher { ssh { host \"node1\" jobs=2 } }` (`nasflow docs scale`)"
                    .into(),
            )),
            ssh::WORD => Ok(Chosen::Ssh(configured.launcher.hosts.clone())),
            other => Err(Failure::Message(format!("`{other}` is no launcher: write `local`, `slurm` or `ssh`"))),
        }
    }

    /// The launcher, whose workers are `program worker …`.
    pub fn launcher(self, program: PathBuf) -> Box<dyn Launcher> {
        match self {
            Chosen::Local => Box::new(Local::new(program, Follow::Pipes)),
            Chosen::Slurm(settings) => Box::new(slurm::slurm(program, *settings)),
            Chosen::Ssh(hosts) => Box::new(ssh::ssh(program, hosts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_counts_before_the_configuration() {
        let mut configured = Configuration::default();
        let of = |option, configured: &Configuration| Chosen::new(option, configured).ok();
        assert_eq!(of(None, &configured), Some(Chosen::Local));
        assert_eq!(of(Some("slurm"), &configured), Some(Chosen::Slurm(Box::default())));
        assert_eq!(of(Some("ssh"), &configured), None);
        assert_eq!(of(Some("cloud"), &configured), None);
        configured.run.launcher = Some("slurm".into());
        configured.launcher.hosts = vec![Host { name: "a".into(), jobs: 2 }];
        assert_eq!(of(None, &configured), Some(Chosen::Slurm(Box::default())));
        assert_eq!(of(Some("local"), &configured), Some(Chosen::Local));
        assert_eq!(of(Some("ssh"), &configured), Some(Chosen::Ssh(configured.launcher.hosts.clone())));
    }
}
