// One start of a command, measured by a process that is small: what the kernel says of a child's peak memory begins with its parent's.
//
//     start OUTPUT COMMAND [ARGS]
//
// Runs the command with nothing as its input and OUTPUT as its output, and prints nanoseconds on the wall from before the process is made to
// when its end is noticed, microseconds of CPU time, KiB of peak memory, and the status that it ended with. Built and called by start.py.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int count, char **words) {
    if (count < 3) return 2;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, words[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct timespec before, after;
    struct rusage usage;
    pid_t child;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (posix_spawn(&child, words[2], &files, NULL, words + 2, environ) != 0) return 1;
    if (wait4(child, &status, 0, &usage) != child) return 1;
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long wall = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    printf("%lld %lld %ld %d\n", wall, microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss, status);
    return 0;
}
