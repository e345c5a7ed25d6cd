/* Vectors and start-up for a Cortex-M3 (QEMU's mps2-an385), in C. */
#include <stdint.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
extern int main(void);

void reset(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&stack_top, (const void *)reset};

void reset(void)
{
    uint32_t *from = &data_load, *to;
    for (to = &data_start; to < &data_end;)
        *to++ = *from++;
    for (to = &bss_start; to < &bss_end;)
        *to++ = 0;
    (void)main();
    for (;;)
        ;
}
