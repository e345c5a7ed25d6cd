/* Gates: a softmax over the 16 functions of two inputs, softened to c0 + ca*A + cb*B + cab*A*B. */

static void soften_gates(const layer_t *l, long first, long last, float *soft)
{
#pragma omp parallel for schedule(static)
    for (long n = first; n < last; n++) {
        const float *own = l->node_logits + 16 * n;
        float p[16], largest = own[0], sum = 0;
        for (int i = 1; i < 16; i++)
            largest = own[i] > largest ? own[i] : largest;
        for (int i = 0; i < 16; i++)
            sum += p[i] = exp_(own[i] - largest);
        for (int j = 0; j < 4; j++) {
            float c = 0;
            for (int i = 0; i < 16; i++)
                c += p[i] * l->basis[j][i];
            soft[4 * n + j] = c / sum;
        }
    }
}

static void look_at_gate(long R, long B, seen_t *seen)
{
    (void)R;
    seen->sums = sums_by_bits(B, seen->up, seen->row[0], seen->row[1]);
}

static void gather_gate(long R, long B, seen_t *seen)
{
    (void)R, (void)B;
    const float own[4] = {seen->sums.all, seen->sums.a, seen->sums.b, seen->sums.both};
    for (int j = 0; j < 4; j++)
        seen->gradient[j] += own[j];
}

/* The gradient of an operand is the upstream one times one of two factors, by the other operand's bit. */
static float quantise_gate(long R, long B, seen_t *seen, int s, int16_t *q)
{
    (void)R;
    const float clear = seen->soft[1 + s], set = clear + seen->soft[3];
    const float size_set = s ? seen->sums.size_a : seen->sums.size_b; /* where the other operand is set */
    const float size = fabsf(clear) * (seen->sums.size - size_set) + fabsf(set) * size_set;
    const float scale = integer_scale(size);
    round_by_bits(B, seen->up, seen->row[1 - s], clear * scale, set * scale, q);
    return scale > 0 ? 1 / scale : 0;
}

static void add_gate(long R, long B, seen_t *seen, int s, float *out)
{
    (void)R;
    const float clear = seen->soft[1 + s];
    add_by_bits(B, seen->up, seen->row[1 - s], clear, clear + seen->soft[3], out);
}

static uint64_t learn_gate(const layer_t *l, long n, const seen_t *seen, const adam_t *adam)
{
    const float *sums = seen->gradient;
    const float (*basis)[16] = l->basis;
    float grad[16], e[16], *logits = l->node_logits + 16 * n, largest = logits[0];
    for (int i = 0; i < 16; i++) {
        grad[i] = sums[0] * basis[0][i] + sums[1] * basis[1][i] + sums[2] * basis[2][i] + sums[3] * basis[3][i];
        largest = logits[i] > largest ? logits[i] : largest;
    }
    volatile float sum = 0, dot = 0; /* which are added in this order, whatever the compiler and the processor */
    for (int i = 0; i < 16; i++) {
        e[i] = exp_(logits[i] - largest);
        sum = sum + e[i];
        dot = dot + e[i] * grad[i];
    }
    const softmax_t terms = {sum, dot};
    const float top = softmax_adam(16, grad, logits, l->node_m + 16 * n, l->node_v + 16 * n, e, terms, *adam);
    return l->functions[first_equal(logits, 16, top)];
}

static const kind_t GATES = {soften_gates, look_at_gate, gather_gate, quantise_gate, add_gate, learn_gate};
