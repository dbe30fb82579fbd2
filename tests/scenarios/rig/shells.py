"""Interactive shells on a pseudo-terminal, to press TAB in.

    with Shell("zsh", home, installed) as shell:
        shell.offers("migrate --layout ")      # what could stand at the end: ["auto", "native"]
        shell.press("migrate sta")             # the line after TAB: "migrate status "

`installed` is the DESTDIR of a `make install` with PREFIX=/usr: the shell finds the completions there by itself. fish
has no pseudo-terminal, but `complete -C`.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import time

SHELLS = ("bash", "bash-bare", "zsh", "fish")  # bash-bare: without the package bash-completion
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

# The line goes between marks, on a key of its own; another key writes all that could stand there.
START = {
    "bash": r"""
PS1='% '; PS2=; unset PROMPT_COMMAND
bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0'
bind '"\C-g": insert-completions'
bind -x '"\C-t": printf "<<%s>>\n" "$READLINE_LINE"'
""",
    "zsh": r"""
PS1='% '; unsetopt beep zle_bracketed_paste prompt_sp prompt_cr; autoload -U compinit; compinit -u -D
seen() { print -r -- "<<$BUFFER>>" }; zle -N seen; bindkey -e; bindkey '^T' seen
zle -C every complete-word _generic; bindkey '^G' every
zstyle ':completion:every:*' insert yes
zstyle ':completion:every:*' completer _all_matches _complete
zstyle ':completion:*' insert-tab false
""",
}


def missing(name):
    """Why this shell cannot be asked here, or None."""
    if not shutil.which(name.removesuffix("-bare")):
        return f"{name.removesuffix('-bare')} is not installed"
    if name == "bash" and not os.path.exists(BASH_COMPLETION):
        return "bash-completion is not installed"
    return None


class Shell:
    def __init__(self, name, home, installed, bin_dir):
        self.name, self.home, self.share = name, home, installed / "usr/share"
        self.env = {
            "PATH": f"{bin_dir}:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8", "COLUMNS": "4000",
            "XDG_DATA_DIRS": f"{self.share}:/usr/share", "INPUTRC": "/dev/null",
        }
        self.fd = None

    def __enter__(self):
        if self.name == "fish":
            return self
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(self.home)
            words = ["zsh", "-f", "-i"] if self.name == "zsh" else ["bash", "--norc", "--noprofile", "-i"]
            os.execvpe(words[0], words, self.env)
        start = START[self.name.removesuffix("-bare")]
        if self.name == "zsh":
            start = f"fpath=({self.share}/zsh/vendor-completions $fpath)\n" + start
        elif self.name == "bash":
            start = f". {BASH_COMPLETION}\n" + start
        else:
            start = f"for f in {self.share}/bash-completion/completions/*; do . $f; done\n" + start
        (self.home / ".start").write_text(start + "stty -echo cols 4000\nprintf '<<%s>>\\n' ready\n")
        os.write(self.fd, b". ./.start\n")
        self.shown("ready")
        return self

    def __exit__(self, *_):
        if self.fd is not None:
            os.close(self.fd)  # the terminal hangs up, and the shell with it
            os.waitpid(self.pid, 0)

    def shown(self, text=None):
        """The next line between marks; `text` says which is waited for."""
        seen, until = b"", time.monotonic() + 30
        while time.monotonic() < until:
            if not select.select([self.fd], [], [], until - time.monotonic())[0]:
                break
            seen += os.read(self.fd, 65536)
            found = re.findall(rb"<<([^%]*?)>>\r?\n", seen)
            if found and (text is None or found[-1].decode() == text):
                return found[-1].decode()
        raise AssertionError(f"{self.name} shows no line: {seen!r}")

    def keys(self, line, key):
        os.write(self.fd, line.encode() + key + b"\x14")
        after = self.shown()
        os.write(self.fd, b"\x01\x0b")  # to its beginning, and away with the rest
        return after

    def complete(self, line):
        done = subprocess.run(["fish", "-c", "complete -C $argv[1]", line], cwd=self.home, env=self.env, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return [word.split("\t")[0] for word in done.stdout.splitlines()]

    def offers(self, line):
        """What could stand at the end of the line, in order of the alphabet; of --option=value the values alone."""
        begun = line[line.rfind(" ") + 1:]
        if self.name == "fish":
            words = self.complete(line)
        else:
            after = self.keys(line, b"\x07")
            words = [] if after == line else after[len(line) - len(begun):].split()
        option = re.match(r"--[a-z-]+=", begun)
        if begun == "--":
            words = [word.removesuffix("=") for word in words]  # zsh leaves that of the last one
        return sorted(word.removeprefix(option[0]) if option else word for word in words)

    def press(self, line):
        """The line after TAB. fish: what is left of it when there is one answer."""
        if self.name == "fish":
            words = self.complete(line)
            return line[:line.rfind(" ") + 1] + (words[0] if len(words) == 1 else "")
        return self.keys(line, b"\t")
