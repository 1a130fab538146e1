{
  description = "nasflow: neural architecture search as a content-addressed build";

  # rustc must be at least 1.95, which kdl asks for.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      forAll = f: nixpkgs.lib.genAttrs systems (system: f (import nixpkgs { inherit system; }));
      toml = builtins.fromTOML (builtins.readFile ./Cargo.toml);
      build = pkgs: pkgs.rustPlatform.buildRustPackage {
        pname = toml.package.name;
        version = toml.package.version;
        src = nixpkgs.lib.cleanSource ./.;
        cargoLock.lockFile = ./Cargo.lock;
        buildFeatures = [ "hub" ]; # downloads MNIST, Fashion-MNIST and CIFAR-10 by name
        doCheck = false; # the tests need ../shared and take minutes; `checks` below runs a search instead
        meta.mainProgram = "nasflow";
      };
      # A small search in two fresh stores, other directories and numbers of jobs: every output must have the same digest.
      reproducible = pkgs: nasflow: pkgs.runCommand "nasflow-reproducible" { } ''
        for run in 1 2; do
          mkdir -p $run/cache
          cp ${./pipelines/reproducible.kdl} $run/pipeline.kdl
          (cd $run && ${nasflow}/bin/nasflow run pipeline.kdl --jobs $run && ${nasflow}/bin/nasflow show pipeline.kdl --digests > ../digests-$run)
        done
        cmp digests-1 digests-2
        cp digests-1 $out
      '';
    in {
      packages = forAll (pkgs: rec {
        nasflow = build pkgs;
        default = nasflow;
      });
      apps = forAll (pkgs: {
        default = {
          type = "app";
          program = "${build pkgs}/bin/nasflow";
        };
      });
      devShells = forAll (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (build pkgs) ];
          packages = [ pkgs.cargo pkgs.clippy pkgs.rustfmt ];
        };
      });
      checks = forAll (pkgs: rec {
        nasflow = build pkgs;
        reproducible-search = reproducible pkgs nasflow;
      });
    };
}
