{
  description = "a stand-in for nixpkgs: records arguments, builds nothing";
  outputs = { self }: { lib = import ./lib.nix; };
}
