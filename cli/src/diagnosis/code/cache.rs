//! Codes of the cache: T05xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    UNUSABLE = [ErrorCode::CacheUnusable],
"Compiled modules are kept in `$TANCHO_CACHE_DIR`, else `$XDG_CACHE_HOME/tancho`, else `~/.cache/tancho`. The folder cannot be made or \
written, or it is not safe: it must belong to you, be no symbolic link, and nobody else may write to it. The program runs nevertheless, \
and is compiled each time. `--cache-dir` names another folder, `--cache=n` does without and says nothing.";
    BAD_ENTRY = [ErrorCode::CacheEntry],
"Every bit of an entry is checked before it is used; one that is damaged, or was not written with your key, is removed and made anew. \
`tancho cache verify --remove` removes all that are not sound. If it happens again, something else writes to the folder, or the disk \
fails.";
}
