"""Where networks compute: the names of devices, the way to them and back, and whether they may round to TF32."""
