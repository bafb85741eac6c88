/*
 * Opens a leased file again and again, and prints, one open a line, when all is done: how long open(2) took, and when it begins to close the file
 * again, by CLOCK_MONOTONIC, both in nanoseconds.
 *
 *   opener FILE COUNT LEAST_PAUSE_MS MOST_PAUSE_MS
 *
 * Before each open it waits until /proc/locks shows the lease in force, and then for a time between the two pauses, which lets the holder come to
 * rest; afterwards, with the file still open, the lease must be gone. So each open that is counted has broken a lease. Exit status 1 if that
 * was not so, or if the lease did not come back within 300 seconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define LOOK_PAUSE_NS 5000000L
#define PATIENCE_NS 300000000000LL

static char identity[64]; /* of the file, as /proc/locks has it */

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_ns(long ns)
{
    struct timespec time = {.tv_sec = ns / 1000000000L, .tv_nsec = ns % 1000000000L};

    nanosleep(&time, NULL);
}

/* "1: LEASE  ACTIVE    WRITE 237 00:21:3 0 EOF" */
static int is_leased(void)
{
    static FILE *locks;
    char line[256];
    int leased = 0;

    if (locks == NULL) {
        locks = fopen("/proc/locks", "re");
        if (locks == NULL)
            fail("opener: /proc/locks");
    }
    rewind(locks);
    while (fgets(line, sizeof line, locks) != NULL)
        leased |= strstr(line, " LEASE ") != NULL && strstr(line, " ACTIVE ") != NULL && strstr(line, identity) != NULL;
    return leased;
}

static void await_lease(long pause_ns)
{
    long long end = now_ns() + PATIENCE_NS;

    do {
        while (!is_leased()) {
            if (now_ns() > end) {
                fprintf(stderr, "opener: the lease does not come back\n");
                exit(1);
            }
            sleep_ns(LOOK_PAUSE_NS);
        }
        sleep_ns(pause_ns);
    } while (!is_leased());
}

int main(int count, char **arguments)
{
    struct stat status;

    if (count != 5) {
        fprintf(stderr, "usage: opener FILE COUNT LEAST_PAUSE_MS MOST_PAUSE_MS\n");
        return 2;
    }
    const char *path = arguments[1];
    long opens = atol(arguments[2]);
    long least = atol(arguments[3]) * 1000000L;
    long most = atol(arguments[4]) * 1000000L;
    long long *took = calloc(opens, sizeof *took);
    long long *closed = calloc(opens, sizeof *closed);

    if (took == NULL || closed == NULL || stat(path, &status) != 0)
        fail(path);
    snprintf(identity, sizeof identity, " %02x:%02x:%lu ", major(status.st_dev), minor(status.st_dev), (unsigned long) status.st_ino);
    for (long i = 0; i < opens; i++) {
        await_lease(least + (most > least ? random() % (most - least) : 0));
        long long begin = now_ns();
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        took[i] = now_ns() - begin;
        if (fd < 0)
            fail(path);
        if (is_leased()) {
            fprintf(stderr, "opener: the lease is there although the file is open\n");
            return 1;
        }
        closed[i] = now_ns();
        close(fd);
    }
    for (long i = 0; i < opens; i++)
        printf("%lld %lld\n", took[i], closed[i]);
    return 0;
}
