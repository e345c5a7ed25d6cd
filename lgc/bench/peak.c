/* What one core does at most: operations on words, and loads of words that lie in the first cache. */
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define WORD_BITS 512
#define KEEP(x) __asm__ volatile("" : "+v"(x)) /* the compiler takes no step away, nor two together */
#elif defined(__AVX2__)
#define WORD_BITS 256
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#else
#define WORD_BITS 64
#define KEEP(x) __asm__ volatile("" : "+r"(x))
#endif

#if WORD_BITS == 64
typedef uint64_t word;
#else
typedef uint64_t word __attribute__((vector_size(WORD_BITS / 8)));
#endif

#define CHAINS 12 /* operations under way at once: more than any core starts in the time of one */
#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define TWELVE(X) EIGHT(X) X(8) X(9) X(10) X(11)

unsigned word_bits(void)
{
    return WORD_BITS;
}

/* CHAINS operations a round, each on the result of the round before. */
#define START(i) word a##i = memory[i];
#define STEP(i) a##i ^= other; KEEP(a##i);
#define END(i) memory[i] = a##i;
void operations(word *memory, size_t rounds)
{
    word other = memory[CHAINS];
    TWELVE(START)
    for (; rounds; rounds--) {
        TWELVE(STEP)
    }
    TWELVE(END)
}

/* CHAINS loads a round; nothing is done with what they bring. */
#define LOAD(i) { word x = ((volatile word *)memory)[i]; KEEP(x); }
void loads(word *memory, size_t rounds)
{
    for (; rounds; rounds--) {
        TWELVE(LOAD)
    }
}
