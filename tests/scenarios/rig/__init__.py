"""What the scenarios stand on: throwaway servers, a proxy that misbehaves, our programs as processes."""
