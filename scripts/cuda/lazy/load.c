// Finds the functions of one shared library for entry.S. SONAMES are the files to try, in order. Where none is there, or it
// lacks the function, the call returns MISSING, an error code of the library; functions that return a text return one.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define F(index, name) #name,
static const char *const functions[] = {
#include FUNCTIONS
};
static const char *const files[] = {SONAMES};

extern void *SLOTS[] __attribute__((visibility("hidden")));

static void *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    for (size_t i = 0; !library && i < sizeof files / sizeof *files; i++) library = dlopen(files[i], RTLD_NOW | RTLD_GLOBAL);
}

static long missing(void) { return MISSING; }

static const char *text(void) { return "the shared library was not found"; }

__attribute__((visibility("hidden"))) void *ADDRESS(unsigned index) {
    pthread_once(&once, load);
    const char *name = functions[index];
    void *found = library ? dlsym(library, name) : NULL;
    // The driver's cuGetErrorString gives its text by a pointer and returns a code.
    int says = strncmp(name, "cuGet", 5) != 0 && (strstr(name, "GetErrorString") || strstr(name, "GetStatus"));
    if (!found) found = says ? (void *)text : (void *)missing;
    __atomic_store_n(&SLOTS[index], found, __ATOMIC_RELEASE);
    return found;
}
