#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the PyPI bindings of cel-cpp (cel-expr-python) and cel-rust (common-expression-language) over pod.json, and the
Swift engine beside them in the same run.

    pip install cel-expr-python common-expression-language
    Benchmarks/cel/run.sh

Each is handed the value once, before timing; what is timed is evaluating a compiled program, the call from
Python included, which the first line (`true`) shows by itself.
"""
import json, pathlib, subprocess, sys, time

here = pathlib.Path(__file__).resolve().parent
pod = json.loads((here / "pod.json").read_text())
expressions = (here / "expressions.txt").read_text().splitlines()
ROUNDS, REPEAT = 2000, 7


def best(run):
    run()
    times = []
    for _ in range(REPEAT):
        start = time.process_time()
        for _ in range(ROUNDS):
            run()
        times.append((time.process_time() - start) / ROUNDS)
    return min(times) * 1e9


def cpp():
    from cel_expr_python import cel

    env = cel.NewEnv(variables={"object": cel.Type.DYN})
    activation = env.Activation({"object": pod})
    for text in expressions:
        program = env.compile(text)
        yield best(lambda: program.eval(activation)), program.eval(activation).plain_value()


def rust():
    import cel

    context = cel.Context({"object": pod})
    for text in expressions:
        program = cel.compile(text)
        yield best(lambda: program.execute(context)), program.execute(context)


def swift():
    binary = sys.argv[1]
    out = subprocess.run([binary, here / "expressions.txt", here / "pod.json"], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        nanoseconds, result, _ = line.split("\t", 2)
        yield float(nanoseconds), result == "true"


def column(name, run):
    rows = []
    try:
        for row in run():
            rows.append(row)
    except Exception as error:  # one engine failing must not hide the others
        print(f"{name}: {error}", file=sys.stderr)
    return rows + [(float("nan"), None)] * (len(expressions) - len(rows))


columns = {"Swift": column("swift", swift), "cel-cpp": column("cel-cpp", cpp), "cel-rust": column("cel-rust", rust)}
print("| ns per evaluation | " + " | ".join(columns) + " |")
print("|---|" + "---:|" * len(columns))
for index, text in enumerate(expressions):
    results = {str(rows[index][1]) for rows in columns.values() if rows[index][1] is not None}
    mark = "" if len(results) == 1 else " (results differ)"
    cells = " | ".join(f"{rows[index][0]:.0f}" for rows in columns.values())
    print("| `" + text.replace("|", "\\|") + f"`{mark} | {cells} |")
