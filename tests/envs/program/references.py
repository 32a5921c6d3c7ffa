"""The program family written a second time: slowly, in plain Python, from the words of actions.

``Slow`` keeps a dictionary of lists and numbers; a task's ``do`` and ``see`` are its pad. It has
the library's names, levels and arguments in common with the package, and nothing else.
"""

from __future__ import annotations


class Slow:
    """One instance on the slow machine."""

    def __init__(self, env_id, task, instances):
        self.env_id, self.library = env_id, task.machine.library
        self.max_depth, self.view_size = task.machine.max_depth, len(task.machine.world.view)
        self.pad = [list(row) for row in instances.pad[0].tolist()]
        self.p = instances.pointers[0].tolist()
        self.given = instances.given[0].tolist()
        self.n = int(instances.length[0])
        self.stack = [(self.library.names[self.library.main], ())]
        self.halted = False
        self.do, self.see = PADS[env_id]

    def view(self):
        return [int(value) for value in self.see(self)]

    def legal(self, words):
        """Return whether a call, in words, is legal; ``words`` is one that the library knows."""
        if words == "RETURN" or self.action(words)[0] == 1:
            return True
        name, running = words.split()[0], self.stack[-1][0]
        levels = {p.name: p for p in self.library.programs}
        lower = levels[name].level < levels[running].level
        again = name == running and levels[name].recursive
        return (lower or again) and PRECONDITIONS.get(name, lambda view: True)(self.view())

    def action(self, words):
        return self.library.actions[words]

    def step(self, words):
        """Execute an action in words, a call with its arguments' names."""
        if self.halted or not self.legal(words):
            return
        name, *arguments = words.split()
        if words == "RETURN":
            self.stack.pop()
            self.halted = not self.stack
            if counts_calls(self) and not self.halted:
                self.p[3] += 1
        elif self.action(words)[0] == 1:
            self.do(self, words.split())
        elif len(self.stack) == self.max_depth:
            self.halted = True
        else:
            self.stack.append((name, tuple(arguments)))
            if counts_calls(self):
                self.p[3] -= 1


def counts_calls(slow):
    """Return whether the pad has a counter that follows the depth of the calls."""
    return slow.env_id == "NPIHanoi"


def unfinished(view):
    return any(value != 10 for value in view[:3])


PRECONDITIONS = {
    "ADD1": unfinished,
    "CARRY": lambda view: sum(value % 10 for value in view[:3]) >= 10,
    "HANOI": lambda view: not view[3],
}


def clamp(value, low, high):
    return max(low, min(high, value))


def do_addition(slow, words):
    row = ["INP1", "INP2", "CARRY", "OUT"].index(words[1])
    if words[0] == "WRITE":
        slow.pad[row][slow.p[row]] = int(words[2])
    else:
        step = -1 if words[2] == "LEFT" else 1
        slow.p[row] = clamp(slow.p[row] + step, 0, len(slow.pad[0]) - 1)


def see_addition(slow):
    return [row[pointer] for row, pointer in zip(slow.pad, slow.p, strict=True)]


def do_array(slow, words):
    array = slow.pad[0]
    if words[0] == "SWAP":
        i, j = slow.p[0], slow.p[1]
        array[i], array[j] = array[j], array[i]
        return
    k = int(words[1]) - 1
    last = slow.n if k == 2 else slow.n - 1
    slow.p[k] = clamp(slow.p[k] + (-1 if words[2] == "LEFT" else 1), 0, last)


def see_array(slow):
    one, two = (slow.pad[0][slow.p[k]] for k in (0, 1))
    items = [one, two] if slow.view_size == 7 else [one <= two]
    flags = [edge for k in (0, 1) for edge in (slow.p[k] == 0, slow.p[k] == slow.n - 1)]
    return [*items, *flags, slow.p[2] == slow.n]


def do_quick(slow, words):
    verb = words[0]
    if verb == "SET_J_NULL":
        slow.p[5] = -1
    elif verb in ("SET_PIVOT_LO", "SET_J_LO"):
        slow.p[4 if "PIVOT" in verb else 5] = clamp(slow.p[0], 0, slow.n - 1)
    elif verb == "SWAP":
        pivot, other = slow.p[4], slow.p[{"J": 5, "HI": 1}[words[2]]]
        if other >= 0:
            array = slow.pad[0]
            array[pivot], array[other] = array[other], array[pivot]
    else:
        {"MOVE": move_in_quick, "WRITE": write_in_quick}[verb](slow, *words[1:])


def move_in_quick(slow, name, way):
    k = {"STACKLO": 2, "STACKHI": 3, "PIVOT": 4, "J": 5}[name]
    last = len(slow.pad[0]) - 1 if k < 4 else slow.n - 1
    low = 0 if k < 5 else -1
    slow.p[k] = clamp(slow.p[k] + (1 if way == "UP" else -1), low, last)


def write_in_quick(slow, name, what):
    k = 0 if name.endswith("LO") else 1
    lo, hi, *tops, pivot, _ = slow.p
    stack, top = slow.pad[1 + k], tops[k]
    if name in ("LO", "HI"):
        slow.p[k] = max(-1, stack[top - 1])
    elif what == "RESET":
        stack[top - 1] = -(2**31)
    else:
        stack[top] = {"LO": lo, "PIVOT+1": pivot + 1, "PIVOT-1": pivot - 1, "HI": hi}[what]


def see_quick(slow):
    array, low, high = slow.pad
    _, hi, top_lo, top_hi, _, j = slow.p
    at_most = j >= 0 and hi >= 0 and array[j] <= array[hi]
    return [at_most, 0 <= j == hi, low[top_lo - 1] < high[top_hi - 1], top_lo == 0]


def child_of(slow):
    width, active = len(slow.pad[0]) - 1, slow.p[3]
    return slow.given[active * width + slow.pad[3][active]]


def do_graph(slow, words):
    {"MOVE": move_in_graph, "WRITE": write_in_graph}[words[0]](slow, *words[1:])


def move_in_graph(slow, name, way):
    step, width = 1 if way == "UP" else -1, len(slow.pad[0]) - 1
    if name.startswith("CHILD"):
        vertex = slow.p[3 if name == "CHILD_ACTIVE" else 4]
        slow.pad[3][vertex] = clamp(slow.pad[3][vertex] + step, 0, width - 1)
    else:
        k = ["RESULT", "STACK", "START"].index(name)
        slow.p[k] = clamp(slow.p[k] + step, 0, width)


def write_in_graph(slow, name, colour=""):
    _, result, stack, _ = slow.pad
    if name.startswith("COLOR"):
        paint(slow, name, {"GREY": 1, "BLACK": 2}[colour])
    elif name.startswith("ACTIVE"):
        source = {"START": slow.p[2], "NEIGHB": child_of(slow), "STACK": stack[slow.p[1] - 1]}
        vertex = source[name.split("_")[1]]
        slow.p[3] = vertex if 0 <= vertex < slow.n else slow.p[3]
    elif name == "SAVE":
        slow.p[4] = slow.p[3]
    elif name == "RESULT":
        result[slow.p[0]] = slow.p[3]
    else:
        stack[slow.p[1] - (name == "STACK_POP")] = slow.p[3] if name == "STACK_PUSH" else -1


def paint(slow, name, colour):
    vertex = slow.p[3] if name == "COLOR_CURR" else child_of(slow)
    if vertex >= 0:
        slow.pad[0][vertex] = colour


def see_graph(slow):
    child = child_of(slow)
    colour = slow.pad[0][child] if child >= 0 else 3
    return [slow.pad[0][slow.p[2]], colour, slow.p[1] == 0]


def tower(slow, role):
    return [disk for disk in slow.pad[slow.p["SAT".index(role)]] if disk]


def fits(source, target):
    return bool(source) and (not target or source[-1] < target[-1])


def do_hanoi(slow, words):
    if words[0] != "MOVE_DISK":
        i, j = (0, 1) if words[0] == "SWAP_S_A" else (1, 2)
        slow.p[i], slow.p[j] = slow.p[j], slow.p[i]
        return
    source, target = tower(slow, "S"), tower(slow, "T")
    if fits(source, target):
        target.append(source.pop())
        for role, disks in (("S", source), ("T", target)):
            peg = slow.p["SAT".index(role)]
            slow.pad[peg] = disks + [0] * (len(slow.pad[0]) - len(disks))
            slow.p[4 + peg] = len(disks)


def see_hanoi(slow):
    s, a, t = (tower(slow, role) for role in "SAT")
    smallest = sorted(disk for peg in slow.pad for disk in peg if disk)[: slow.p[3]]
    solved = set(smallest) <= set(t)
    return [fits(s, a), fits(a, t), fits(s, t), slow.p[3] == 1, solved]


def do_camera(slow, words):
    step = {"LEFT": (-1, 0), "RIGHT": (1, 0), "UP": (0, 1), "DOWN": (0, -1)}[words[0]]
    slow.p[0] = (slow.p[0] + step[0]) % 24
    slow.p[1] = clamp(slow.p[1] + step[1], 0, 5)


def see_camera(slow):
    return [slow.pad[0][0], slow.pad[1][0]]


PADS = {
    "NPIAddition": (do_addition, see_addition),
    "NPIBubbleSort": (do_array, see_array),
    "NPIMax": (do_array, see_array),
    "NPIQuickSort": (do_quick, see_quick),
    "NPITopologicalSort": (do_graph, see_graph),
    "NPIHanoi": (do_hanoi, see_hanoi),
    "NPICanonicalize": (do_camera, see_camera),
}
"""What an effect of ACT does, and what is seen, by environment."""
