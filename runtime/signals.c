/* Reading signals from a descriptor. */
#include "signals.h"

#include "base/container.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void list_signals(sigset_t *set) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaddset(set, numbers[i]);
    }
}

void signals_prepare(void) {
    sigset_t set;
    list_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &action, NULL);
    /* A temporary file or a log that may not grow any more is an error of write(), not an end. */
    sigaction(SIGXFSZ, &action, NULL);
    /* Where SIGCHLD is ignored children vanish without their status. */
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, NULL);
}

static void read_signals(struct loop_handle *handle, uint32_t events) {
    struct signals *signals = CONTAINER_OF(handle, struct signals, handle);
    (void)events;
    struct signalfd_siginfo info;
    while (read(handle->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        signals->on_signal(signals->owner, (int)info.ssi_signo);
    }
    handle->ready &= (uint8_t)~LOOP_READ;
}

bool signals_start(struct signals *signals, struct loop *loop,
                   void (*on_signal)(void *owner, int number), void *owner) {
    sigset_t set;
    list_signals(&set);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) {
        return false;
    }
    *signals = (struct signals){
        .handle = {.fd = descriptor, .on_ready = read_signals},
        .on_signal = on_signal,
        .owner = owner,
    };
    if (!loop_add(loop, &signals->handle)) {
        close(descriptor);
        return false;
    }
    return true;
}

void signals_stop(struct signals *signals, struct loop *loop) {
    loop_remove(loop, &signals->handle);
    close(signals->handle.fd);
}
