/* A gate network on a Cortex-M: classify embedded samples, compare with the expected classes, report by semihosting.
 *
 * No heap, no C library in the network: its working memory is one static array, whose size the linker checks.
 */
#include <stdint.h>

#include "digits.h"
#include "samples.h"

/* build.py asked the compiler for the size; main checks it against what the network says. */
static uint8_t memory[WORKSPACE_BYTES];
static int32_t classes[SAMPLES];

static void semihost(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void finish(const char *text, int passed)
{
    /* SYS_EXIT: ADP_Stopped_ApplicationExit, or _RunTimeErrorUnknown. */
    semihost(0x04, text);
    semihost(0x18, (const void *)(passed ? 0x20026u : 0x20023u));
    for (;;)
        ;
}

int main(void)
{
    unsigned i;
    if (digits_workspace_size() > sizeof memory)
        finish("FAILED: the workspace is too small\n", 0);
    digits_run_bits(samples, SAMPLES, 0, classes, memory);
    for (i = 0; i < SAMPLES; i++)
        if (classes[i] != expected[i])
            finish("FAILED: a class differs from the model's\n", 0);
    finish("ok: every class equals the model's\n", 1);
    return 0;
}
