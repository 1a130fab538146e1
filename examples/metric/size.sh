# The last line that is printed is the value.
wc -c < network.onnx
