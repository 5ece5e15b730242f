//! Codes of the command line: T00xx.

use super::all::codes;

codes! {
    UNKNOWN_COMMAND = [1, "there is no such command"],
"The first word is neither a command of Tancho's nor a file. `tancho FILE` runs a file, so a command that is mistyped is taken for the \
name of a file that does not exist. `tancho help` lists the commands.";
    UNKNOWN_OPTION = [2, "there is no such option"],
"Options of Tancho's stand before the file; what stands after it belongs to the program. `tancho help run` lists the options of `run`, \
and likewise for every other command.";
    WRONG_VALUE = [3, "an option has a value that it cannot have"],
"The message names the option and says what it takes. An option that is on or off takes `=y` or `=n`, and is on without either.";
    MISSING_ARGUMENT = [4, "something is missing on the command line"],
"The message says what. Most commands want a file; `-` is standard input.";
    FOREIGN_OPTION = [5, "this option has another name here"],
"Engines call the same thing by different names, and some by the same name in another order. In Tancho a directory is given with \
`--dir HOST::GUEST`, and to read only with `--dir HOST::GUEST::ro`; a variable with `--env NAME=VALUE`; proposals are turned on with \
`-W NAME`. The message has the words to write.";
    CONFIG_FILE = [6, "the configuration file is not understood"],
"The file of `--config` is TOML. Its keys are the long names of options, at the top or in a table with the name of a command:\n\n\
    opt-level = \"none\"\n    wasm = [\"memory64=n\", \"custom-page-sizes\"]\n    [run]\n    dir = [\"data::/data::ro\"]\n\n\
An option that is on or off is `true` or `false`. What stands on the command line counts more.";
    INVOKE_ARGUMENTS = [7, "the arguments do not fit the function"],
"`--invoke NAME` reads what stands after the file as the parameters of the function: integers, decimal or hexadecimal (0x…), signed or \
unsigned; floats; vectors as 0x and up to 32 hexadecimal digits. There must be as many as the function has parameters. \
`tancho inspect FILE` shows the type of every exported function.";
    NOT_UTF8 = [8, "an argument or variable is not UTF-8"],
"WASI has no other text than UTF-8, so an argument, or the value of a variable, that is not cannot be given to the program.";
    DIRECTORY_SYNTAX = [9, "what `--dir` is given is not understood"],
"It is `--dir HOST`, `--dir HOST::GUEST` or `--dir HOST::GUEST::ro`: a directory of this machine, the name under which the program \
finds it (the same, where it is left out), and `ro` where the program may only read.";
}
