"""What Optuna's TPE and random search reach on the functions of TestFunctions.java.

    pip install optuna==5.0.0
    python search.py > ../src/test/resources/search/optuna.csv

A line for each function and sampler: the median over seeds 0 to 19 of the least regret in 60
trials. Its times are not kept. Optuna is used for this alone, never by the build or the tests.
"""

import math

import numpy as np
import optuna

A = np.array([[10, 3, 17, 3.5, 1.7, 8], [.05, 10, 17, .1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, .05, 10, .1, 14]])
P = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                     [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
C = np.array([1, 1.2, 3, 3.2])


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    root = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return root**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816


def hartmann6(trial):
    x = np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(1, 7)])
    return 3.322368011415515 - float(np.sum(C * np.exp(-np.sum(A * (x - P) ** 2, 1))))


def mixed(trial):
    cell = trial.suggest_categorical("cell", ["lstm", "gru", "rnn"])
    rate = trial.suggest_float("rate", 1e-4, 1, log=True)
    hidden = trial.suggest_int("hidden", 8, 512, log=True)
    layers = trial.suggest_int("layers", 1, 4)
    value = {"lstm": 0, "gru": 0.1, "rnn": 0.5}[cell]
    value += (math.log10(rate) - {"lstm": -2, "gru": -2.5, "rnn": -3}[cell]) ** 2
    value += 0.3 * (math.log2(hidden) - 7) ** 2 + 0.2 * abs(layers - 2)
    if cell == "lstm":
        value += 2 * (trial.suggest_float("forget", 0, 3) - 1) ** 2
    return value


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("function,sampler,median")
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    for function in branin, hartmann6, mixed:
        for name, sampler in samplers.items():
            least = []
            for seed in range(20):
                study = optuna.create_study(sampler=sampler(seed=seed))
                study.optimize(function, n_trials=60)
                least.append(study.best_value)
            print(f"{function.__name__},{name},{np.median(least):.6f}", flush=True)
