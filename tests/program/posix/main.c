// Calls the POSIX functions behind the parts of WASI preview 1 that the standard library of Rust does not reach.
//
// Usage: posix [DIRECTORY]. Works in DIRECTORY (default /data), which must hold `seed.txt`; prints one line for each
// thing tried, the same on every system, and leaves nothing behind.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifdef __wasi__
int __wasilibc_fd_renumber(int from, int to); // the one part of preview 1 without a POSIX name here
static int move_descriptor(int from, int to) { return __wasilibc_fd_renumber(from, to); }
#else
static int move_descriptor(int from, int to) { return dup2(from, to) < 0 ? -1 : close(from); }
#endif

static const char *root_path; // the directory we work in
static int root;              // and its descriptor

// The name of an error: numbers and descriptions differ from system to system.
static const char *error_name(int error) {
    static const struct { int error; const char *name; } names[] = {
        {0, "none"},           {EBADF, "EBADF"},     {EEXIST, "EEXIST"},       {EINVAL, "EINVAL"}, {EISDIR, "EISDIR"},
        {ELOOP, "ELOOP"},      {ENOENT, "ENOENT"},   {ENOTDIR, "ENOTDIR"},     {EPERM, "EPERM"},   {EACCES, "EACCES"},
        {ENOTSUP, "ENOTSUP"},  {ENOSYS, "ENOSYS"},   {ENOTEMPTY, "ENOTEMPTY"}, {ESPIPE, "ESPIPE"}, {EXDEV, "EXDEV"},
        {EOVERFLOW, "EOVERFLOW"}, {EFAULT, "EFAULT"}, {EAGAIN, "EAGAIN"},      {EIO, "EIO"},       {EFBIG, "EFBIG"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error) return names[i].name;
    return strerror(error);
}

// Prints the result of a call which answers -1 for an error.
static long long show(const char *what, long long result) {
    if (result < 0) printf("%s: %s\n", what, error_name(errno));
    else printf("%s: %lld\n", what, result);
    return result;
}

static void show_truth(const char *what, bool truth) { printf("%s: %s\n", what, truth ? "yes" : "no"); }

// By path: what may be done with a file opened by way of `root` would depend on how that was opened.
static int open_at(const char *name, int flags) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root_path, name);
    return open(path, flags, 0644);
}

static void show_content(const char *what, int file) {
    char bytes[256];
    ssize_t length = pread(file, bytes, sizeof bytes, 0);
    printf("%s: \"", what);
    for (ssize_t i = 0; i < length; i++) printf(bytes[i] >= ' ' && bytes[i] <= '~' ? "%c" : "\\x%02x", bytes[i] & 0xff);
    printf("\"\n");
}

static void positions(void) {
    int file = open_at("positions", O_RDWR | O_CREAT | O_EXCL);
    char bytes[8] = {0}, more[8] = {0};
    show("write", write(file, "0123456789", 10));
    show("pwrite in the middle", pwrite(file, "abc", 3, 4));
    show("pwrite beyond the end", pwrite(file, "end", 3, 12));
    show("position is not moved", lseek(file, 0, SEEK_CUR));
    show("pread", pread(file, bytes, 4, 3));
    printf("it read: %.4s\n", bytes);
    show("pread at the end", pread(file, bytes, 4, 15));
    show("pread of nothing", pread(file, bytes, 0, 0));
    struct iovec pieces[] = {{more, 2}, {bytes, 0}, {bytes, 3}};
    memset(bytes, '.', sizeof bytes);
    for (int got = 0; got < 5;) { // one call may read less than all
        ssize_t now = preadv(file, pieces, 3, got);
        if (now <= 0) break;
        got += (int)now;
        for (int i = 0; i < 3; i++) {
            size_t step = (size_t)now < pieces[i].iov_len ? (size_t)now : pieces[i].iov_len;
            pieces[i] = (struct iovec){(char *)pieces[i].iov_base + step, pieces[i].iov_len - step};
            now -= (ssize_t)step;
        }
    }
    printf("preadv: %.2s %.3s\n", more, bytes);
    show("seek to a negative place", lseek(file, -1, SEEK_SET));
    show("seek from the end", lseek(file, -4, SEEK_END));
    show("seek far away", lseek(file, (off_t)1 << 40, SEEK_SET));
    show("read there", read(file, bytes, 4));
    show("pread at a negative place", pread(file, bytes, 4, -1));
    show_content("content", file);
    show("cut", ftruncate(file, 3));
    show("to a negative length", ftruncate(file, -1));
    show("fsync", fsync(file));
    show("fdatasync", fdatasync(file));
    show("isatty", isatty(file));
    show_content("content", file);
    show("close", close(file));
    show("close again", close(file));
    show("read when closed", read(file, bytes, 4));
    show("unlink", unlinkat(root, "positions", 0));
}

static void flags(void) {
    int file = open_at("flags", O_RDWR | O_CREAT | O_EXCL);
    show("write", write(file, "one two", 7));
    show("exclusive creation", open_at("flags", O_RDWR | O_CREAT | O_EXCL));
    show("as a directory", open_at("flags", O_RDONLY | O_DIRECTORY));
    show("access mode", (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDWR);
    show("append is off", fcntl(file, F_GETFL) & O_APPEND);
    lseek(file, 0, SEEK_SET);
    show("turn append on", fcntl(file, F_SETFL, O_APPEND));
    show_truth("append is on", fcntl(file, F_GETFL) & O_APPEND);
    show("write", write(file, " three", 6));
    show("turn append off", fcntl(file, F_SETFL, 0));
    lseek(file, 0, SEEK_SET);
    show("write", write(file, "ONE", 3));
    show_content("content", file);
    int reader = open_at("flags", O_RDONLY), writer = open_at("flags", O_WRONLY | O_TRUNC);
    char byte;
    show("write to a reader", write(reader, "x", 1));
    show("read from a writer", read(writer, &byte, 1));
    show_content("after O_TRUNC", reader);
    show("move a descriptor", move_descriptor(writer, reader));
    show("write through the new number", write(reader, "moved", 5));
    show("write through the old number", write(writer, "x", 1));
    show_content("content", file);
    show("move from a bad number", move_descriptor(999, reader));
    close(reader);
    close(file);
    show("unlink", unlinkat(root, "flags", 0));
}

static void hints(void) {
    int file = open_at("hints", O_RDWR | O_CREAT | O_EXCL);
    write(file, "hint", 4);
    // These answer with the error itself. Reserving space is optional: systems may decline.
    show("advice", posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL));
    int error = posix_fallocate(file, 0, 100);
    struct stat status;
    fstat(file, &status);
    show_truth("reserving space works or is declined", error == 0 ? status.st_size == 100 : status.st_size == 4);
    close(file);
    unlinkat(root, "hints", 0);
}

static bool same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

static void times(void) {
    struct timespec early[2] = {{1000000000, 111222000}, {1100000000, 333444000}};
    struct timespec later[2] = {{0, UTIME_OMIT}, {1200000000, 555666000}};
    struct stat status;
    int file = open_at("times", O_RDWR | O_CREAT | O_EXCL);
    show("futimens", futimens(file, early));
    fstat(file, &status);
    show_truth("both are set", same_time(status.st_atim, early[0]) && same_time(status.st_mtim, early[1]));
    show("utimensat", utimensat(root, "times", later, 0));
    fstatat(root, "times", &status, 0);
    show_truth("only one is changed", same_time(status.st_atim, early[0]) && same_time(status.st_mtim, later[1]));
    struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    show("utimensat now", utimensat(root, "times", now, 0));
    fstat(file, &status);
    show_truth("now is later", status.st_atim.tv_sec > 1700000000 && same_time(status.st_mtim, later[1]));
    show("symlinkat", symlinkat("times", root, "link"));
    show("utimensat on a link itself", utimensat(root, "link", early, AT_SYMLINK_NOFOLLOW));
    fstatat(root, "link", &status, AT_SYMLINK_NOFOLLOW);
    show_truth("the link is changed", S_ISLNK(status.st_mode) && same_time(status.st_mtim, early[1]));
    fstatat(root, "link", &status, 0);
    show_truth("the file is not", S_ISREG(status.st_mode) && same_time(status.st_mtim, later[1]));
    char target[16] = {0};
    show("readlinkat", readlinkat(root, "link", target, sizeof target));
    show("readlinkat into little space", readlinkat(root, "link", target + 8, 3));
    printf("it read: %s %s\n", target, target + 8);
    show("open of a link itself", open_at("link", O_RDONLY | O_NOFOLLOW));
    show("readlinkat of a file", readlinkat(root, "times", target, sizeof target));
    close(file);
    unlinkat(root, "link", 0);
    unlinkat(root, "times", 0);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int count_entries(DIR *directory, char **names) {
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        if (names) names[count] = strdup(entry->d_name);
        count++;
    }
    return count;
}

static void directories(void) {
    show("mkdirat", mkdirat(root, "made", 0755));
    show("mkdirat again", mkdirat(root, "made", 0755));
    int made = open_at("made", O_RDONLY | O_DIRECTORY);
    char name[64], byte;
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "entry-%02d-%.*s", i, i % 30, "..............................");
        close(openat(made, name, O_WRONLY | O_CREAT, 0644));
    }
    DIR *directory = fdopendir(openat(made, ".", O_RDONLY | O_DIRECTORY));
    char *names[64];
    int count = count_entries(directory, names);
    show("entries", count);
    qsort(names, (size_t)count, sizeof *names, by_name);
    printf("first %s, last %s\n", names[0], names[count - 1]);
    rewinddir(directory);
    show("entries again", count_entries(directory, NULL));
    rewinddir(directory);
    for (int i = 0; i < 20; i++) readdir(directory);
    long place = telldir(directory);
    struct dirent *entry = readdir(directory);
    strcpy(name, entry->d_name);
    while (readdir(directory)) continue;
    seekdir(directory, place);
    entry = readdir(directory);
    show_truth("seekdir comes back", entry && strcmp(name, entry->d_name) == 0);
    struct stat by_name_status, by_descriptor;
    show("fstatat", fstatat(root, "made/.", &by_name_status, 0));
    fstat(made, &by_descriptor);
    show_truth("one and the same", by_name_status.st_ino == by_descriptor.st_ino && S_ISDIR(by_descriptor.st_mode));
    show_truth("read of a directory is refused", read(made, &byte, 1) < 0);
    show("open of a directory for writing", open_at("made", O_WRONLY));
    show("linkat", linkat(made, names[0], root, "linked", 0));
    fstatat(root, "linked", &by_name_status, 0);
    show("links", (long long)by_name_status.st_nlink);
    show("renameat", renameat(root, "linked", made, "renamed"));
    show("faccessat", faccessat(made, "renamed", F_OK, 0));
    show("faccessat of nothing", faccessat(made, "gone", F_OK, 0));
    show("unlinkat of a directory", unlinkat(root, "made", AT_REMOVEDIR));
    show("unlinkat", unlinkat(made, "renamed", 0));
    for (int i = 0; i < count; i++) {
        unlinkat(made, names[i], 0);
        free(names[i]);
    }
    closedir(directory);
    close(made);
    show("unlinkat of a directory", unlinkat(root, "made", AT_REMOVEDIR));
}

static bool is_positive(struct timespec time) { return time.tv_sec > 0 || time.tv_nsec > 0; }

static int64_t nanoseconds(struct timespec time) { return time.tv_sec * (int64_t)1000000000 + time.tv_nsec; }

static void clocks(void) {
    struct timespec before, after, resolution, pause = {0, 2000000};
    show("clock_getres", clock_getres(CLOCK_MONOTONIC, &resolution));
    show_truth("it is positive", is_positive(resolution));
    show("clock_getres", clock_getres(CLOCK_REALTIME, &resolution));
    show_truth("it is positive", is_positive(resolution));
    clock_gettime(CLOCK_MONOTONIC, &before);
    show("nanosleep", nanosleep(&pause, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    show_truth("it takes its time", nanoseconds(after) - nanoseconds(before) >= 2000000);
    before = after;
    after.tv_sec += (after.tv_nsec + 3000000) / 1000000000;
    after.tv_nsec = (after.tv_nsec + 3000000) % 1000000000;
    show("sleep until a given time", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &after, NULL));
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    show_truth("that time is reached", nanoseconds(end) >= nanoseconds(after));
    show("sleep until the past", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &before, NULL));
    int file = open_at("seed.txt", O_RDONLY);
    struct pollfd waiting[] = {{.fd = file, .events = POLLIN}, {.fd = 1, .events = POLLOUT}};
    show("poll on a file", poll(waiting, 1, 1000));
    show_truth("it is ready", waiting[0].revents == POLLIN);
    show("poll on stdout", poll(waiting + 1, 1, 1000));
    show_truth("it is ready", waiting[1].revents == POLLOUT);
    show_truth("poll on both finds at least one", poll(waiting, 2, 1000) >= 1);
    show("poll on nothing", poll(NULL, 0, 1));
    close(file);
}

static void randomness(void) {
    unsigned char one[64] = {0}, two[64] = {0};
    show("getentropy", getentropy(one, sizeof one));
    show("getentropy", getentropy(two, sizeof two));
    show_truth("they differ", memcmp(one, two, sizeof one) != 0);
    int seen = 0;
    for (size_t i = 0; i < sizeof one; i++) seen |= one[i];
    show("all bits occur", seen);
}

static void streams(void) {
    char bytes[100];
    ssize_t got, total = 0;
    while ((got = read(0, bytes, 7)) > 0) total += got;
    show("bytes of stdin", total);
    show("read at its end", read(0, bytes, 7));
    fflush(stdout);
    show("write to stdout", write(1, "direct\n", 7));
    show("write to stderr", write(2, "to stderr\n", 10));
    show("write of nothing", write(1, bytes, 0));
    show("write to a bad number", write(99, bytes, 1));
}

int main(int argc, char **argv) {
    static const struct { const char *name; void (*run)(void); } rooms[] = {
        {"positions", positions}, {"flags", flags},   {"hints", hints},           {"times", times},
        {"directories", directories}, {"clocks", clocks}, {"randomness", randomness}, {"streams", streams},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    root_path = argc > 1 ? argv[1] : "/data";
    root = open(root_path, O_RDONLY | O_DIRECTORY);
    if (root < 0) {
        fprintf(stderr, "posix: cannot open %s: %s\n", root_path, strerror(errno));
        return 1;
    }
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        printf("[%s]\n", rooms[i].name);
        rooms[i].run();
    }
    return 0;
}
