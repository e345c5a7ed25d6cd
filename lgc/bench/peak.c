/* What one core does at most: operations on words, and loads of words that lie in the first cache. */
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
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

/* CHAINS functions of three words a round, all three from the rounds before: a core that starts as many functions as
 * operations while two of the words stay the same may start half as many of these. No rate where there is no such
 * instruction: then it does nothing. */
void functions(word *memory, size_t rounds)
{
#if WORD_BITS == 512
#define FUNCTION(i, j, k) a##i = (word)_mm512_ternarylogic_epi64((__m512i)a##i, (__m512i)a##j, (__m512i)a##k, 0x96); KEEP(a##i);
    TWELVE(START)
    for (; rounds; rounds--) {
        FUNCTION(0, 3, 7) FUNCTION(1, 4, 8) FUNCTION(2, 5, 9) FUNCTION(3, 6, 10) FUNCTION(4, 7, 11) FUNCTION(5, 8, 0)
        FUNCTION(6, 9, 1) FUNCTION(7, 10, 2) FUNCTION(8, 11, 3) FUNCTION(9, 0, 4) FUNCTION(10, 1, 5) FUNCTION(11, 2, 6)
    }
    TWELVE(END)
#else
    (void)memory, (void)rounds;
#endif
}

/* CHAINS loads a round; nothing is done with what they bring. */
#define LOAD(i) { word x = ((volatile word *)memory)[i]; KEEP(x); }
void loads(word *memory, size_t rounds)
{
    for (; rounds; rounds--) {
        TWELVE(LOAD)
    }
}
