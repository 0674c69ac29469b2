/* SPDX-License-Identifier: MIT */
#ifdef TEAMPOOL_PYTHON_LIBRARY
#include <Python.h>
#endif

#include "python.h"

#include <errno.h>

#ifdef TEAMPOOL_PYTHON_LIBRARY

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#if PY_VERSION_HEX >= 0x030c0000
#define EACH_OF_312(F) F(Py_NewInterpreterFromConfig)
const char python_variants[] = "shared own";
#else
#define EACH_OF_312(F)
const char python_variants[] = "shared";
#endif

/* What is used of Python's library. */
#define EACH(F)                                                                                    \
    F(PyConfig_InitIsolatedConfig)                                                                 \
    F(PyConfig_SetBytesString)                                                                     \
    F(PyConfig_Clear)                                                                              \
    F(PyStatus_Exception)                                                                          \
    F(Py_InitializeFromConfig)                                                                     \
    F(PyRun_SimpleStringFlags)                                                                     \
    F(PyImport_AddModule)                                                                          \
    F(PyObject_GetAttrString)                                                                      \
    F(PyObject_CallFunctionObjArgs)                                                                \
    F(PyLong_FromLong)                                                                             \
    F(PyLong_AsUnsignedLongLongMask)                                                               \
    F(PyErr_Clear)                                                                                 \
    F(Py_DecRef)                                                                                   \
    F(PyGILState_Ensure)                                                                           \
    F(PyGILState_Release)                                                                          \
    F(PyEval_SaveThread)                                                                           \
    F(PyEval_RestoreThread)                                                                        \
    F(PyOS_BeforeFork)                                                                             \
    F(PyOS_AfterFork_Parent)                                                                       \
    F(PyOS_AfterFork_Child)                                                                        \
    EACH_OF_312(F)

#define MEMBER(name) __typeof__(name) *name;
#define ENTRY(name)  { #name, offsetof(struct python, name) },

#ifdef __SANITIZE_ADDRESS__
/* An interpreter lives as long as its process: what it holds at the end is not lost. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpython";
}
#endif

/* Of this process. */
static struct python {
    EACH(MEMBER)
    int running;
    PyGILState_STATE at_fork;
    PyObject *task; /* of the main interpreter */
} python;

/* A worker with an interpreter of its own. */
static _Thread_local PyThreadState *own;
static _Thread_local PyObject *own_task;

static int open_library(struct why *w)
{
    static const struct {
        const char *name;
        size_t at;
    } wanted[] = { EACH(ENTRY) };
    /* Global: the modules that Python loads look for its functions, too. */
    void *library = dlopen(TEAMPOOL_PYTHON_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        return why(w, -ELIBACC, "cannot open Python's library: %s", dlerror());
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found = dlsym(library, wanted[i].name);
        if (!found)
            return why(w, -ELIBBAD, "%s has no %s", TEAMPOOL_PYTHON_LIBRARY, wanted[i].name);
        *(void **)((char *)&python + wanted[i].at) = found;
    }
    return 0;
}

/* Whoever forks holds the lock meanwhile, so that the child has a whole interpreter. */
static void before_fork(void)
{
    python.at_fork = python.PyGILState_Ensure();
    python.PyOS_BeforeFork();
}

static void after_fork(void)
{
    python.PyOS_AfterFork_Parent();
    python.PyGILState_Release(python.at_fork);
}

static void in_child(void)
{
    python.PyOS_AfterFork_Child();
    python.PyGILState_Release(python.at_fork);
}

/* An interpreter that no environment variable and no folder of the user's can change. */
static int start(struct why *w)
{
    PyConfig config;
    python.PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.site_import = 0;
    /* From the program's place follows that of its modules. */
    PyStatus status =
        python.PyConfig_SetBytesString(&config, &config.program_name, TEAMPOOL_PYTHON_PROGRAM);
    if (!python.PyStatus_Exception(status))
        status = python.Py_InitializeFromConfig(&config);
    python.PyConfig_Clear(&config);
    if (python.PyStatus_Exception(status))
        return why(w, -ENOEXEC, "Python cannot start: %s", status.err_msg ? status.err_msg : "?");
    python.running = 1;
    return -pthread_atfork(before_fork, after_fork, in_child);
}

/* `task` of TEXT in the interpreter whose lock this thread has; NULL: there is none. */
static PyObject *define(const char *text)
{
    if (python.PyRun_SimpleStringFlags(text, NULL))
        return NULL;
    PyObject *module = python.PyImport_AddModule("__main__");
    return module ? python.PyObject_GetAttrString(module, "task") : NULL;
}

int python_prepare(const struct python_code *code, struct why *w)
{
    int error;
    if (python.running)
        python.PyGILState_Ensure();
    else if ((error = open_library(w)) || (error = start(w)))
        return error;
    python.task = define(code->text);
    python.PyEval_SaveThread();
    return python.task ? 0 : why(w, -EINVAL, "Python does not take its function");
}

static int enter_own(const struct python_code *code)
{
#if PY_VERSION_HEX >= 0x030c0000
    const PyInterpreterConfig config = { .allow_threads = 1,
                                         .check_multi_interp_extensions = 1,
                                         .gil = PyInterpreterConfig_OWN_GIL };
    PyStatus status = python.Py_NewInterpreterFromConfig(&own, &config);
    if (python.PyStatus_Exception(status))
        return -ENOMEM;
    own_task = define(code->text);
    python.PyEval_SaveThread();
    return own_task ? 0 : -EINVAL;
#else
    (void)code;
    return -ENOTSUP;
#endif
}

int python_enter(const struct python_code *code)
{
    int error = python.running ? 0 : python_prepare(code, NULL); /* a spawned worker has none */
    if (error)
        return error;
    /* Never released in full: so the thread keeps its state, and a call only takes the lock. */
    python.PyGILState_Ensure();
    if (code->own)
        return enter_own(code);
    python.PyEval_SaveThread();
    return 0;
}

static uint64_t call(PyObject *task, long i)
{
    PyObject *number = python.PyLong_FromLong(i);
    PyObject *result = number ? python.PyObject_CallFunctionObjArgs(task, number, NULL) : NULL;
    uint64_t value = result ? python.PyLong_AsUnsignedLongLongMask(result) : UINT64_MAX;
    if (!result)
        python.PyErr_Clear();
    python.Py_DecRef(result);
    python.Py_DecRef(number);
    return value;
}

uint64_t python_call(long i)
{
    uint64_t value;
    if (own) {
        python.PyEval_RestoreThread(own);
        value = call(own_task, i);
        python.PyEval_SaveThread();
        return value;
    }
    PyGILState_STATE before = python.PyGILState_Ensure();
    value = call(python.task, i);
    python.PyGILState_Release(before);
    return value;
}

const char *python_version(void)
{
#ifdef Py_GIL_DISABLED
    return PY_VERSION " free-threaded";
#else
    return PY_VERSION;
#endif
}

#else

const char python_variants[] = "shared";

int python_prepare(const struct python_code *code, struct why *w)
{
    (void)code;
    return why(w, -ENOTSUP, "%s", PYTHON_UNAVAILABLE);
}

int python_enter(const struct python_code *code)
{
    (void)code;
    return -ENOTSUP;
}

uint64_t python_call(long i)
{
    (void)i;
    return UINT64_MAX;
}

const char *python_version(void)
{
    return "";
}

#endif
