/* A small extension whose every function makes one known mistake, or none: the truth that tests of native memory and
 * of the reference audit compare with. Built by c-extension.ts for each interpreter, under a name given as MODULE. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STRING2(x) #x
#define STRING(x) STRING2(x)
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

typedef struct {
    PyObject_HEAD
    long serial;
} ThingObject;

/* A static type: it lies in this library's data. */
static PyTypeObject ThingType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = STRING(MODULE) ".Thing",
    .tp_basicsize = sizeof(ThingObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *kept;
static PyObject **table;
static size_t table_used, table_size;

/* A missing Py_DECREF on an object that was passed in. */
static PyObject *leak_reference(PyObject *self, PyObject *object) {
    (void)self;
    Py_INCREF(object);
    Py_RETURN_NONE;
}

/* An object that is made and never released. */
static PyObject *leak_new_object(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    static long serial;
    ThingObject *thing = PyObject_New(ThingObject, &ThingType);
    if (thing == NULL) return NULL;
    thing->serial = serial++;
    Py_RETURN_NONE;
}

/* The healthy twin: the caller gets the only reference. */
static PyObject *new_object(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    ThingObject *thing = PyObject_New(ThingObject, &ThingType);
    if (thing != NULL) thing->serial = -1;
    return (PyObject *)thing;
}

/* A reference in a static variable, released when the next comes. */
static PyObject *keep_static(PyObject *self, PyObject *object) {
    (void)self;
    Py_INCREF(object);
    Py_XDECREF(kept);
    kept = object;
    Py_RETURN_NONE;
}

/* References in a table of malloc's that a static variable points to. */
static PyObject *keep_in_malloc_table(PyObject *self, PyObject *object) {
    (void)self;
    if (table_used == table_size) {
        size_t size = table_size == 0 ? 64 : table_size * 2;
        PyObject **grown = realloc(table, size * sizeof(PyObject *));
        if (grown == NULL) return PyErr_NoMemory();
        memset(grown + table_size, 0, (size - table_size) * sizeof(PyObject *));
        table = grown;
        table_size = size;
    }
    Py_INCREF(object);
    table[table_used++] = object;
    Py_RETURN_NONE;
}

/* A reference on the C stack of a call that waits without the GIL. */
static PyObject *hold_for(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object;
    double seconds;
    if (!PyArg_ParseTuple(args, "Od", &object, &seconds)) return NULL;
    PyObject *volatile held = object;
    Py_INCREF(held);
    struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    Py_BEGIN_ALLOW_THREADS
    nanosleep(&wait, NULL);
    Py_END_ALLOW_THREADS
    Py_DECREF(held);
    Py_RETURN_NONE;
}

static PyObject *malloc_leak(PyObject *self, PyObject *args) {
    (void)self;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) return NULL;
    /* volatile: a compiler may drop an allocation whose result nobody uses. */
    void *volatile block = malloc((size_t)bytes);
    if (block == NULL) return PyErr_NoMemory();
    memset(block, 0x5a, (size_t)bytes);
    Py_RETURN_NONE;
}

static PyObject *malloc_and_free(PyObject *self, PyObject *args) {
    (void)self;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) return NULL;
    void *volatile block = malloc((size_t)bytes);
    if (block == NULL) return PyErr_NoMemory();
    memset(block, 0x5a, (size_t)bytes);
    free(block);
    Py_RETURN_NONE;
}

/* A list of malloc's that a static variable leads to: it grows, and is not lost. */
struct entry {
    struct entry *next;
    char data[];
};
static struct entry *entries;

static PyObject *keep_in_malloc_list(PyObject *self, PyObject *args) {
    (void)self;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) return NULL;
    struct entry *added = malloc(sizeof(struct entry) + (size_t)bytes);
    if (added == NULL) return PyErr_NoMemory();
    memset(added->data, 0x5a, (size_t)bytes);
    added->next = entries;
    entries = added;
    Py_RETURN_NONE;
}

/* Lost as well, but from Python's allocator, which tracemalloc watches. */
static PyObject *raw_malloc_leak(PyObject *self, PyObject *args) {
    (void)self;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) return NULL;
    void *volatile block = PyMem_RawMalloc((size_t)bytes);
    if (block == NULL) return PyErr_NoMemory();
    memset(block, 0x5a, (size_t)bytes);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"leak_reference", leak_reference, METH_O, NULL},
    {"leak_new_object", leak_new_object, METH_NOARGS, NULL},
    {"new_object", new_object, METH_NOARGS, NULL},
    {"keep_static", keep_static, METH_O, NULL},
    {"keep_in_malloc_table", keep_in_malloc_table, METH_O, NULL},
    {"hold_for", hold_for, METH_VARARGS, NULL},
    {"malloc_leak", malloc_leak, METH_VARARGS, NULL},
    {"keep_in_malloc_list", keep_in_malloc_list, METH_VARARGS, NULL},
    {"raw_malloc_leak", raw_malloc_leak, METH_VARARGS, NULL},
    {"malloc_and_free", malloc_and_free, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = STRING(MODULE), .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC JOIN(PyInit_, MODULE)(void) {
    if (PyType_Ready(&ThingType) < 0) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    Py_INCREF(&ThingType);
    if (PyModule_AddObject(module, "Thing", (PyObject *)&ThingType) < 0) return NULL;
    return module;
}
