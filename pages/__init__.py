"""The Streamlit app: one folder per page, shared widgets, browser components and the event stream."""
