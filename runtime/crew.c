/* Starting, replacing and retiring worker processes. */
#include "crew.h"

#include "base/container.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EARLY_MS = 1000,        /* who ends sooner has ended at once */
    EARLY_ENDS_ALLOWED = 2, /* before there are pauses */
    FIRST_PAUSE_MS = 100,   /* doubled each time */
    LONGEST_PAUSE_MS = 5000,
};

static void fill_place(struct crew_place *place);

static void pause_is_over(struct timer *timer) {
    struct crew_place *place = CONTAINER_OF(timer, struct crew_place, restart);
    if (place->number < place->crew->wanted && place->member == NULL) {
        fill_place(place);
    }
}

static void retry_later(struct crew_place *place, uint64_t pause) {
    timer_start(&place->crew->loop->timers, &place->restart, place->crew->loop->now + pause);
}

static pid_t start(struct crew *crew, const struct crew_place *place, struct crew_member *member) {
    return crew->start(crew->owner, place->number, &member->line, &member->seat);
}

static void fill_place(struct crew_place *place) {
    struct crew *crew = place->crew;
    struct crew_member *member = calloc(1, sizeof *member);
    pid_t process = member != NULL ? start(crew, place, member) : -1;
    if (process < 0) {
        reporter_say(crew->reporter, TABLE_LOG_ALERT, "cannot start a worker process: %s",
                     strerror(errno));
        free(member);
        retry_later(place, EARLY_MS);
        return;
    }
    member->process = process;
    member->place = place->number;
    member->started_at = crew->loop->now;
    member->next = crew->members;
    crew->members = member;
    place->member = member;
    reporter_say(crew->reporter, TABLE_LOG_NOTICE, "start worker process %d", (int)process);
}

static bool add_places(struct crew *crew, uint32_t count) {
    struct crew_place **places = reallocarray(crew->places, count, sizeof(struct crew_place *));
    if (places == NULL) {
        return false;
    }
    crew->places = places;
    while (crew->place_count < count) {
        struct crew_place *place = calloc(1, sizeof *place);
        if (place == NULL) {
            return false;
        }
        place->crew = crew;
        place->number = crew->place_count;
        place->restart.on_expire = pause_is_over;
        crew->places[crew->place_count++] = place;
    }
    return true;
}

bool crew_resize(struct crew *crew, uint32_t count) {
    if (count > crew->place_count && !add_places(crew, count)) {
        return false;
    }
    crew->wanted = count;
    for (uint32_t i = 0; i < crew->place_count; i++) {
        struct crew_place *place = crew->places[i];
        if (i >= count && place->member != NULL) {
            crew_retire(crew, place->member);
        } else if (i < count && place->member == NULL) {
            timer_stop(&place->restart);
            fill_place(place);
        }
    }
    return true;
}

void crew_retire(struct crew *crew, struct crew_member *member) {
    member->is_retired = true;
    crew->places[member->place]->member = NULL;
    kill(member->process, SIGQUIT);
}

static void report_end(const struct crew *crew, const struct crew_member *member, int status) {
    if (WIFSIGNALED(status)) {
        reporter_say(crew->reporter, TABLE_LOG_ALERT, "worker process %d exited on signal %d%s",
                     (int)member->process, WTERMSIG(status),
                     WCOREDUMP(status) ? " (core dumped)" : "");
    } else {
        reporter_say(crew->reporter, WEXITSTATUS(status) == 0 ? TABLE_LOG_NOTICE : TABLE_LOG_ALERT,
                     "worker process %d exited with code %d", (int)member->process,
                     WEXITSTATUS(status));
    }
}

/* Milliseconds to wait before the next start. */
static uint64_t choose_pause(uint32_t early_ends) {
    if (early_ends <= EARLY_ENDS_ALLOWED) {
        return 0;
    }
    uint32_t doublings = early_ends - EARLY_ENDS_ALLOWED - 1;
    uint64_t pause = doublings < 16 ? (uint64_t)FIRST_PAUSE_MS << doublings : LONGEST_PAUSE_MS;
    return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

static void replace(struct crew *crew, struct crew_place *place, uint64_t lived) {
    place->early_ends = lived < EARLY_MS ? place->early_ends + 1 : 0;
    uint64_t pause = choose_pause(place->early_ends);
    if (pause == 0) {
        fill_place(place);
        return;
    }
    reporter_say(crew->reporter, TABLE_LOG_ALERT,
                 "%u worker processes in a row ended at once, the next is started in %llu ms",
                 place->early_ends, (unsigned long long)pause);
    retry_later(place, pause);
}

static struct crew_member *take_member(struct crew *crew, pid_t process) {
    struct crew_member **link = &crew->members;
    while (*link != NULL && (*link)->process != process) {
        link = &(*link)->next;
    }
    struct crew_member *member = *link;
    if (member != NULL) {
        *link = member->next;
    }
    return member;
}

void crew_reap(struct crew *crew) {
    int status;
    pid_t process;
    while ((process = waitpid(-1, &status, WNOHANG)) > 0) {
        struct crew_member *member = take_member(crew, process);
        if (member == NULL) {
            continue; /* a child that came with this process, from before exec */
        }
        report_end(crew, member, status);
        crew->ended(crew->owner, member);
        close(member->line); /* before another is forked, which would have it open */
        struct crew_place *place = crew->places[member->place];
        if (place->member == member) {
            place->member = NULL;
            if (place->number < crew->wanted) {
                replace(crew, place, crew->loop->now - member->started_at);
            }
        }
        free(member);
    }
}

void crew_dismiss(struct crew *crew, int signal) {
    crew->wanted = 0;
    for (struct crew_member *member = crew->members; member != NULL; member = member->next) {
        kill(member->process, signal);
    }
}

void crew_forget(struct crew *crew) {
    while (crew->members != NULL) {
        struct crew_member *member = crew->members;
        crew->members = member->next;
        close(member->line);
        free(member);
    }
    for (uint32_t i = 0; i < crew->place_count; i++) {
        timer_remove(&crew->loop->timers, &crew->places[i]->restart);
        free(crew->places[i]);
    }
    free(crew->places);
    crew->places = NULL;
    crew->place_count = 0;
}
