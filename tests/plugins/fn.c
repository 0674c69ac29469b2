/* SPDX-License-Identifier: MIT
 *
 * A plug-in for test_pool_fn; ANSWER makes builds that differ.  Who opens it finds a line more in
 * the file $FN_OPENED: what must never be executed leaves none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int plugin_answer(void);

static int private_answer(void)
{
    return ANSWER + 100;
}

int (*plugin_private)(void) = private_answer;

int plugin_answer(void)
{
    return ANSWER;
}

__attribute__((constructor)) static void opened(void)
{
    const char *path = getenv("FN_OPENED");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (fd < 0)
        return;
    if (write(fd, "opened\n", 7) != 7)
        _exit(99);
    close(fd);
}
