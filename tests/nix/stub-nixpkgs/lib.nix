{
  genAttrs = names: f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
  cleanSource = src: builtins.filterSource (path: type: !(builtins.elem (baseNameOf path) [ "target" ".git" "result" ])) src;
}
