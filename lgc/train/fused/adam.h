/* Adam steps: of one logit, and of the logits of a choice. */

#ifdef __SSE2__
#include <immintrin.h>
#endif

/* Moments of unlikely wires fade into denormal numbers, which some processors compute a hundred times slower. */
static unsigned flush_denormals(void)
{
#ifdef __SSE2__
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    return mode;
#else
    return 0;
#endif
}

static void restore_mode(unsigned mode)
{
#ifdef __SSE2__
    _mm_setcsr(mode);
#else
    (void)mode;
#endif
}

static inline float exp_(float x) /* of x <= 0, to 3e-7; zero below -87 */
{
    const float y = x * 1.44269504088896341f;
    const float whole = rintf(y < -126.0f ? -126.0f : y);
    const float f = y < -126.0f ? 0.0f : y - whole;
    float p = 1.33977365e-3f;
    p = p * f + 9.67682712e-3f;
    p = p * f + 5.55036329e-2f;
    p = p * f + 2.40221256e-1f;
    p = p * f + 6.93147182e-1f;
    p = p * f + 1.0f;
    const int32_t exponent = ((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &exponent, sizeof scale);
    return y < -126.0f ? 0.0f : p * scale;
}

static inline void adam_step(float grad, float *w, float *m, float *v, adam_t adam)
{
    *m += (1 - adam.beta1) * (grad - *m);
    *v += (1 - adam.beta2) * (grad * grad - *v);
    *w -= adam.lr * *m / (sqrtf(*v) * adam.root + adam.eps);
}

/* Of softmax's terms e: their sum, and that of e times g. */
typedef struct {
    float sum, dot;
} softmax_t;

/* The terms e of the logits w (D) of a choice, whose largest is given. */
static softmax_t softmax_terms(long D, const float *restrict g, const float *restrict w, float *restrict e,
                               float largest)
{
    float sum = 0, dot = 0;
    for (long d = 0; d < D; d++) {
        e[d] = exp_(w[d] - largest);
        sum += e[d];
        dot += e[d] * g[d];
    }
    return (softmax_t){sum, dot};
}

/* Logits w (D) with gradient g of sum_d softmax(w)_d: one Adam step. Returns the largest new logit. */
static float softmax_adam(long D, const float *restrict g, float *restrict w, float *restrict m, float *restrict v,
                          const float *restrict e, softmax_t terms, adam_t adam)
{
    const float norm = 1 / terms.sum, mean = terms.dot * norm;
    float top = -3e38f;
    for (long d = 0; d < D; d++) {
        adam_step(e[d] * norm * (g[d] - mean), w + d, m + d, v + d, adam);
        top = w[d] > top ? w[d] : top;
    }
    return top;
}

static int32_t first_equal(const float *w, long D, float value)
{
    long d = 0;
    for (; d + 32 <= D; d += 32) {
        int any = 0;
        for (int i = 0; i < 32; i++)
            any |= w[d + i] == value;
        if (any)
            break;
    }
    while (d < D - 1 && w[d] != value)
        d++;
    return (int32_t)d;
}
