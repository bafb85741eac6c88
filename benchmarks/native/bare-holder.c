/*
 * The least that a program can do that holds a lease: what "scripts/bench release" compares the library with.
 *
 *   bare-holder FILE
 *
 * Takes a write lease on FILE, says "ready", waits for the signal of a break, gives the lease back at once, and asks for it again, with pauses
 * from 0.1 to 20 ms, until it is granted: which is when the other process has closed the file. SIGTERM ends it; it then prints how often the
 * lease was broken. It uses the file for nothing, and so has nothing to stop before it lets go.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PAUSE_NS 100000L
#define LONGEST_PAUSE_NS 20000000L

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* All of it each time: the kernel forgets signal and owner when the lease is given back. */
static int take_lease(int fd, int signal_number)
{
    struct f_owner_ex self = {.type = F_OWNER_TID, .pid = gettid()};

    if (fcntl(fd, F_SETSIG, signal_number) != 0 || fcntl(fd, F_SETOWN_EX, &self) != 0)
        fail("bare-holder: F_SETSIG, F_SETOWN_EX");
    return fcntl(fd, F_SETLEASE, F_WRLCK);
}

int main(int count, char **arguments)
{
    int signal_number = SIGRTMIN + 1;
    long breaks = 0;
    sigset_t signals;
    siginfo_t info;
    int fd;

    if (count != 2) {
        fprintf(stderr, "usage: bare-holder FILE\n");
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, signal_number);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        fail("bare-holder: sigprocmask");
    fd = open(arguments[1], O_RDWR | O_CLOEXEC);
    if (fd < 0 || take_lease(fd, signal_number) != 0)
        fail(arguments[1]);
    puts("ready");
    fflush(stdout);

    for (;;) {
        int heard = sigwaitinfo(&signals, &info);

        if (heard == SIGTERM)
            break;
        if (heard != signal_number)
            continue; /* EINTR */
        if (fcntl(fd, F_SETLEASE, F_UNLCK) != 0)
            fail("bare-holder: F_UNLCK");
        breaks++;
        struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
        do {
            nanosleep(&pause, NULL);
            pause.tv_nsec = pause.tv_nsec < LONGEST_PAUSE_NS / 2 ? 2 * pause.tv_nsec : LONGEST_PAUSE_NS;
        } while (take_lease(fd, signal_number) != 0);
    }
    printf("%ld\n", breaks);
    return 0;
}
