/* SPDX-License-Identifier: MIT */
#include "clock.h"

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
