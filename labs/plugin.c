/* SPDX-License-Identifier: MIT
 *
 * plugin: a task in a file of its own, which cross.c opens after its workers were born.
 */
#include <teampool/pool.h>

pool_fn plugin_square;

int plugin_square(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    *(long *)pool_out(t, i) = i * i;
    return 0;
}
