//! Advice to the operating system about large buffers.

/// Asks for huge pages behind a large buffer that nobody has touched yet (as `vec![0.; n]` answers it): fewer misses of the
/// address cache in passes over activations. Only a hint; nothing changes where the system has none.
pub fn advise_huge_pages(buffer: &mut [f32]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        const HUGE: usize = 2 << 20;
        unsafe extern "C" {
            fn madvise(address: *mut std::ffi::c_void, length: usize, advice: i32) -> i32;
        }
        const MADV_HUGEPAGE: i32 = 14;
        let start = (buffer.as_mut_ptr() as usize).next_multiple_of(PAGE);
        let end = (buffer.as_mut_ptr() as usize + buffer.len() * 4) / PAGE * PAGE;
        if end >= start + 2 * HUGE {
            // Safety: whole pages of a slice that is borrowed exclusively; this advice changes no contents.
            unsafe { madvise(start as *mut std::ffi::c_void, end - start, MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = buffer;
}
