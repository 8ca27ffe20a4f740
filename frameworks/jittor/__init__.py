"""FILM in Jittor, which computes in a process of its own.

Jittor takes over the signals of its process, prints, and changes how all of it rounds: so it is not imported here.
`worker.Worker` starts `python -m fusionbench.frameworks.jittor.inside` at the first call, with the variables that
`environment` sets, and `notice` tells the user why it takes long. Through the pipes go pickles (`pipe`): a `Request`
with arrays of NumPy; an `Answer` with arrays, the seconds that it takes, and the error if there is one. What Jittor
prints goes to a log. `proxy.JittorModel` is a network in the worker: `backend` uses it for the bench, `engine` for
training, and the study of the two frameworks. `inside` holds everything that imports jittor: network, loss, operators.
Jittor compiles each kind of operator to C++ when it first meets it, and keeps it in JITTOR_HOME: minutes, once on a
machine. `doctor` says what lacks on a machine; `onednn` sets that library up.
"""
