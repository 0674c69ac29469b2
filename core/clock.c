/* SPDX-License-Identifier: MIT */
#include "clock.h"

int64_t clock_suspended_ns(void)
{
    enum { LOOKS = 3 }; /* between the two clocks we may lose the CPU, but hardly each time */
    int64_t least = INT64_MAX;
    for (int i = 0; i < LOOKS; i++) {
        struct timespec all;
        int64_t awake = clock_ns();
        clock_gettime(CLOCK_BOOTTIME, &all);
        int64_t ahead = (int64_t)all.tv_sec * 1000000000 + all.tv_nsec - awake;
        least = ahead < least ? ahead : least;
    }
    return least;
}

double clock_cost_ns(void)
{
    enum { BURSTS = 16, READINGS = 1000 };
    double best = 1e9;
    for (int burst = 0; burst < BURSTS; burst++) {
        int64_t start = clock_ns(), last = start;
        for (int i = 0; i < READINGS; i++)
            last = clock_ns();
        double cost = (double)(last - start) / READINGS;
        if (cost < best)
            best = cost;
    }
    return best;
}
