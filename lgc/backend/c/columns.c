
/* A sample as people have it to what the circuit reads. Volatile: no step is fused with the next, or more exact. */
void NAME(encode)(const double *columns, size_t n, feature *features)
{
    unsigned c, i;
    for (; n; n--)
        for (c = 0; c < COLUMNS; c++) {
            const unsigned r = RULE(c);
            const double x = *columns++;
            volatile double k = x * column_scale[r], v = x - column_offset[r];
            volatile float single;
            switch (column_kind[r]) {
            case 0: /* a number as it is */
                *features++ = (feature)x;
                break;
            case 1: /* the nearest code, a half upwards */
                k = k + column_offset[r];
                k = k + 0.5;
                *features++ = (feature)(!(k > 0) ? 0.0 : k >= column_top[r] ? column_top[r] : (double)(uint32_t)k);
                break;
            case 2: /* a pixel */
                v = v / column_scale[r];
                single = (float)v;
                *features++ = (feature)single;
                break;
            default: /* a word: 1 for it, 0 for all others */
                for (i = 0; i < column_words[r]; i++)
                    *features++ = (feature)(x == (double)i);
            }
        }
}
