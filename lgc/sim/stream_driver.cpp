// Drives a streaming circuit by AXI4-Stream and writes down what it does, clock by clock. It judges no result.
//
// plan.bin: of each frame the numbers of struct Frame. beats.bin: rows of whole frames. results.bin: of each result its
// frame (-1: nobody waits for one), the clock at which it came, tuser, and the reply. frames.bin: of each frame the
// clocks that took its first and its last pixel. faults.txt: what the protocol forbids.
#include "Vtop.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

struct Frame {
    int64_t row;     // in beats.bin
    int64_t beats;   // that are sent; tlast stands on the last one
    int64_t gaps;    // of 256 clocks without a beat
    int64_t waits;   // of 256 clocks in which no result is taken; what is above 256: for so many clocks none is
    int64_t settle;  // clocks without a beat after the frame, -1: until all results are there
    int64_t reset;   // whether a reset stands in the place of the last beat
};

static uint64_t state = 88172645463325252ull;
static int chance() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return int(state >> 56);
}

static std::vector<char> read_file(const char *name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

static std::ofstream results, frames, faults;
static int64_t fault_count = 0;
static void fault(int64_t clock, const std::string &what) {
    if (fault_count++ < 10) faults << "clock " << clock << ": " << what << "\n";
}
template <typename T> static void put(std::ofstream &stream, T value) {
    stream.write(reinterpret_cast<const char *>(&value), sizeof value);
}

struct Bench {
    Vtop top;
    size_t beat_bytes, reply_bytes;
    int64_t clock = 0, limit, errors = 0, waits = 0, blocked = 0, came = -1;
    bool held = false;
    std::vector<char> reply;
    char user = 0;
    std::deque<int64_t> expected;

    // One clock with what stands at the inputs; whether the beat was taken.
    bool tick() {
        top.m_axis_tready = clock >= blocked && chance() >= waits;
        top.aclk = 0;
        top.eval();
        bool accepted = top.s_axis_tvalid && top.s_axis_tready && top.aresetn;
        if (top.aresetn) outputs();
        top.aclk = 1;
        top.eval();
        clock++;
        if (top.frame_error && top.aresetn) errors++;
        return accepted;
    }

    void outputs() {
        const char *data = reinterpret_cast<const char *>(&top.m_axis_tdata);
        if (held && !top.m_axis_tvalid) fault(clock, "a result vanished before it was taken");
        if (!top.m_axis_tvalid) return;
        if (!held) {
            came = clock;
            reply.assign(data, data + reply_bytes);
            user = char(top.m_axis_tuser);
        } else if (std::memcmp(reply.data(), data, reply_bytes) || user != char(top.m_axis_tuser)) {
            fault(clock, "a result changed before it was taken");
        }
        if (!top.m_axis_tlast) fault(clock, "a result without tlast");
        held = !top.m_axis_tready;
        if (held) return;
        put(results, int64_t(expected.empty() ? -1 : expected.front()));
        put(results, came);
        put(results, user);
        results.write(reply.data(), long(reply_bytes));
        if (!expected.empty()) expected.pop_front();
    }

    void reset(int clocks) {
        top.aresetn = 0;
        for (int i = 0; i < clocks; i++) tick();
        top.aresetn = 1;
        held = false;
        expected.clear();
    }

    void idle(int64_t clocks) {
        top.s_axis_tvalid = 0;
        for (int64_t i = 0; clocks < 0 ? !expected.empty() && i < limit : i < clocks; i++) tick();
    }

    void frame(const Frame &one, int64_t number, const char *row, int64_t whole) {
        waits = one.waits > 256 ? 0 : one.waits;
        if (one.waits > 256) blocked = clock + one.waits - 256;
        int64_t first = -1, last = -1;
        for (int64_t beat = 0; beat < one.beats; beat++) {
            top.s_axis_tvalid = 0;
            while (chance() < one.gaps) tick();
            if (one.reset && beat == one.beats - 1) break;
            std::memcpy(&top.s_axis_tdata, row + beat % whole * int64_t(beat_bytes), beat_bytes);
            top.s_axis_tlast = beat == one.beats - 1;
            top.s_axis_tvalid = 1;
            int64_t began = clock;
            while (!tick())
                if (clock - began > limit) {
                    fault(clock, "no pixel was taken for " + std::to_string(limit) + " clocks");
                    return;
                }
            if (beat == 0) first = clock - 1, expected.push_back(number);
            if (beat < whole) last = clock - 1;
        }
        put(frames, first);
        put(frames, last);
        if (one.reset) reset(2);
        else idle(one.settle);
    }
};

int main(int count_of, char **arguments) {
    Verilated::commandArgs(count_of, arguments);
    Bench bench;
    bench.beat_bytes = std::stoul(arguments[1]);
    bench.reply_bytes = std::stoul(arguments[2]);
    int64_t whole = std::stol(arguments[3]);
    bench.limit = std::stol(arguments[4]);
#ifdef LGC_MUTANTS
    bench.top.lgc_mutant = uint32_t(std::stoul(arguments[5]));
#endif
    std::vector<char> rows = read_file("beats.bin"), raw = read_file("plan.bin");
    const Frame *plan = reinterpret_cast<const Frame *>(raw.data());
    int64_t count = int64_t(raw.size() / sizeof(Frame));
    results.open("results.part", std::ios::binary);
    frames.open("frames.bin", std::ios::binary);
    faults.open("faults.txt");
    std::memset(&bench.top.s_axis_tdata, 0, sizeof bench.top.s_axis_tdata);
    bench.top.s_axis_tvalid = bench.top.s_axis_tlast = 0;
    bench.reset(4);
    for (int64_t number = 0; number < count && fault_count < 10; number++) {
        bench.frame(plan[number], number, &rows[size_t(plan[number].row * whole) * bench.beat_bytes], whole);
        if (number % 64 == 0) std::ofstream("progress") << number;
    }
    bench.waits = 0;
    bench.idle(-1);
    bench.idle(bench.limit);
    put(results, int64_t(-2));
    put(results, bench.errors);
    results.close();
    frames.close();
    faults.close();
    return results && frames && faults ? std::rename("results.part", "results.bin") : 1;
}
